import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFlags } from './flags.ts';
import { resolveOptions } from './resolve.ts';

const valuesOf = async (...words: string[]) => {
  const parsed = await parseFlags(words);
  return parsed.kind === 'run' ? parsed.values : {};
};

describe('parseFlags', () => {
  test('parseFlags reads long, short and repeated flags', async () => {
    const flags = await valuesOf('-H', 'unix:///a', '--host=tcp://b:1', '--data-root', '/d', '-D');
    expect(flags).toMatchObject({ host: ['unix:///a', 'tcp://b:1'], 'data-root': '/d', debug: true });
  });

  test('parseFlags refuses what it does not know', () => {
    expect(parseFlags(['--no-such-flag'])).rejects.toThrow("unknown flag: --no-such-flag\nSee 'dockerd-ts --help'.");
    expect(parseFlags(['start'])).rejects.toThrow('accepts no arguments');
    expect(parseFlags(['--mtu', 'big'])).rejects.toThrow('--mtu');
  });

  test('parseFlags prints version and help', async () => {
    expect(await parseFlags(['--version'])).toMatchObject({
      kind: 'print',
      text: expect.stringMatching(/^dockerd-ts version \d/),
    });
    expect(await parseFlags(['--help'])).toMatchObject({ text: expect.stringContaining('--data-root') });
  });
});

describe('resolveOptions', () => {
  test('resolveOptions joins flags and file, and refuses a setting that is in both', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const file = join(folder, 'daemon.json');
      writeFileSync(
        file,
        '{"dns":["1.1.1.1"],"runtimes":{"crun":{"path":"/usr/bin/crun"}},"log-opts":{"max-size":"1m"}}',
      );
      const options = resolveOptions(
        await valuesOf('--config-file', file, '--add-runtime', 'x=/x', '--bip', '10.0.0.1/24'),
      );
      expect(options).toMatchObject({
        dns: ['1.1.1.1'],
        runtimes: { crun: '/usr/bin/crun', x: '/x' },
        logOptions: { 'max-size': '1m' },
        bip: '10.0.0.1/24',
        dataRoot: '/var/lib/docker-ts',
        execRoot: '/run/docker-ts',
        hosts: ['unix:///var/run/docker.sock'],
      });
      const twice = await valuesOf('--config-file', file, '--dns', '2.2.2.2');
      expect(() => resolveOptions(twice)).toThrow('specified both as a flag and in the configuration file: dns');
      writeFileSync(file, '{"nope":1}');
      const odd = await valuesOf('--config-file', file);
      expect(() => resolveOptions(odd)).toThrow("don't match any configuration option: nope");
      writeFileSync(file, '{');
      expect(() => resolveOptions(odd)).toThrow('unable to configure the Docker daemon with file');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
