import { expect, test } from 'bun:test';
import { containerEnvironment } from './environment.ts';
import { mergeImageDefaults, processArguments } from './image-defaults.ts';
import { parseSecurityOptions } from './security-options.ts';
import { containerTmpfsOptions } from './tmpfs-options.ts';

const image = { Entrypoint: ['/e'], Cmd: ['c'], Env: ['A=1', 'B=2'], User: 'u', Labels: { x: 'image' } };
const argv = (config: object): string[] => processArguments(mergeImageDefaults(config, image));

test('mergeImageDefaults combines entrypoints and commands as docker run documents it', () => {
  expect(argv({})).toEqual(['/e', 'c']);
  expect(argv({ Cmd: ['d'] })).toEqual(['/e', 'd']);
  expect(argv({ Entrypoint: ['/f'] })).toEqual(['/f']);
  expect(argv({ Entrypoint: ['/f'], Cmd: ['d'] })).toEqual(['/f', 'd']);
  expect(argv({ Entrypoint: [''], Cmd: ['d'] })).toEqual(['d']);
  expect(() => processArguments(mergeImageDefaults({}, {}))).toThrow('no command specified');
});

test('mergeImageDefaults lets the client override the image, variable by variable and label by label', () => {
  const merged = mergeImageDefaults({ Env: ['B=3', 'C'], Labels: { y: 'own' }, User: '' }, image);
  expect(merged).toMatchObject({ Env: ['B=3', 'C', 'A=1'], User: 'u', Labels: { x: 'image', y: 'own' } });
});

test('containerEnvironment replaces its defaults in place and drops what has no value', () => {
  expect(containerEnvironment({ Hostname: 'h', Tty: true, Env: ['TERM=dumb', 'X=a=b', 'PATH'] })).toEqual([
    'HOSTNAME=h',
    'TERM=dumb',
    'X=a=b',
  ]);
});

test('parseSecurityOptions reads every option and refuses others', () => {
  expect(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined', 'apparmor:x', 'label=disable'])).toEqual({
    noNewPrivileges: true,
    seccomp: 'unconfined',
    apparmor: 'x',
    labels: ['disable'],
  });
  expect(parseSecurityOptions(['no-new-privileges=0'], true).noNewPrivileges).toBe(false);
  expect(() => parseSecurityOptions(['bogus'])).toThrow('invalid --security-opt 1: "bogus"');
  expect(() => parseSecurityOptions(['bogus=1'])).toThrow('invalid --security-opt 2: "bogus=1"');
});

test('containerTmpfsOptions keeps the last of what competes', () => {
  expect(containerTmpfsOptions('exec,size=1m,size=2m,defaults,rshared')).toEqual([
    'nosuid',
    'nodev',
    'exec',
    'size=2m',
    'rshared',
  ]);
  expect(() => containerTmpfsOptions('bogus=1')).toThrow('invalid tmpfs option "bogus"');
});
