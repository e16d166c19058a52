import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { codeOf, messageOf } from '@docker-ts/base/errors';
import { makeDevice } from '@docker-ts/linux/inode';
import { getXattr } from '@docker-ts/linux/xattr';
import { Scratch } from '@docker-ts/testkit/scratch';
import { TempMount } from '../mounts/temp-mount.ts';
import type { Mount } from '../mounts/mount.ts';
import { type AppliedLayer, applyLayer } from './service.ts';
import { type FixtureMember, tarOf } from './tar-fixture.ts';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch('apply-layer');
  for (const name of ['root', 'lower', 'upper', 'work', 'outside']) mkdirSync(scratch.join(name));
});
afterEach(() => {
  expect(scratch.mounts()).toEqual([]);
  scratch[Symbol.dispose]();
});

async function* pieces(bytes: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

const bind = (path: string): Mount[] => [{ type: 'bind', source: path, target: '', options: ['rw', 'rbind'] }];
const overlay = (): Mount[] => [
  {
    type: 'overlay',
    source: 'overlay',
    target: '',
    options: [
      `workdir=${scratch.join('work')}`,
      `upperdir=${scratch.join('upper')}`,
      `lowerdir=${scratch.join('lower')}`,
      'index=off',
    ],
  },
];

const apply = (bytes: Uint8Array, mounts: readonly Mount[] = bind(scratch.join('root'))): Promise<AppliedLayer> =>
  applyLayer(pieces(bytes), mounts, {
    tempFolder: scratch.join('temp'),
    syncFs: false,
    signal: new AbortController().signal,
  });

const applyMembers = (members: readonly FixtureMember[], mounts?: readonly Mount[]): Promise<AppliedLayer> =>
  apply(tarOf(members), mounts);

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => `${codeOf(error)}: ${messageOf(error)}`,
  );

describe('applyLayer', () => {
  test('applyLayer brings over everything that a member can say', async () => {
    await applyMembers([
      { name: 'bin/', type: '5', mode: 0o1777, uid: 5, gid: 6, mtime: 1_500_000_000 },
      { name: 'bin/tool', data: 'x', mode: 0o4755, uid: 1, gid: 2, pax: { mtime: '1500000001.123456789' } },
      { name: 'bin/same', type: '1', linkName: 'bin/tool', mode: 0o4755, uid: 1, gid: 2 },
      { name: 'bin/link', type: '2', linkName: '../anywhere', uid: 7, gid: 8 },
      { name: 'dev/null', type: '3', device: [1, 3], mode: 0o666 },
      { name: 'dev/disk', type: '4', device: [259, 70_000] },
      { name: 'fifo', type: '6', mode: 0o600 },
      { name: 'caps', pax: { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.text': 'hello' } },
    ]);
    const at = (name: string) => lstatSync(scratch.join('root', name), { bigint: true });
    expect(at('bin').mode & 0o7777n).toBe(0o1777n);
    expect([at('bin').uid, at('bin').gid, at('bin').mtimeMs]).toEqual([5n, 6n, 1_500_000_000_000n]);
    expect(at('bin/tool').mode & 0o7777n).toBe(0o4755n);
    expect(at('bin/same').ino).toBe(at('bin/tool').ino);
    expect(readlinkSync(scratch.join('root', 'bin/link'))).toBe('../anywhere');
    expect([at('bin/link').uid, at('bin/link').gid]).toEqual([7n, 8n]);
    expect(at('dev/null').rdev).toBe(makeDevice(1, 3));
    expect(at('dev/disk').isBlockDevice() && at('dev/disk').rdev === makeDevice(259, 70_000)).toBe(true);
    expect(at('fifo').isFIFO()).toBe(true);
    expect(Buffer.from(getXattr(scratch.join('root', 'caps'), 'security.capability'))).toEqual(capability);
    expect(Buffer.from(getXattr(scratch.join('root', 'caps'), 'user.text')).toString()).toBe('hello');
  });

  test('applyLayer sets times to the nanosecond', async () => {
    await applyMembers([{ name: 'file', pax: { mtime: '1500000001.123456789' } }]);
    const { mtimeNs } = lstatSync(scratch.join('root', 'file'), { bigint: true });
    expect(mtimeNs).toBe(1_500_000_001_123_456_789n);
  });

  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
    [
      'gzip of two members',
      (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes.slice(0, 700)), gzipSync(bytes.slice(700))]),
    ],
    ['zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
  ])('applyLayer answers the diffID of a %s layer', async (_name, compress) => {
    const tar = tarOf([{ name: 'file', data: 'x'.repeat(100_000) }]);
    const applied = await apply(compress(tar));
    expect(applied.digest).toBe(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
    expect(applied.sizeBytes).toBe(tar.length);
    expect(readFileSync(scratch.join('root', 'file')).length).toBe(100_000);
  });

  test('applyLayer unpacks what tar packs into what tar unpacks', async () => {
    const tree = scratch.join('tree');
    mkdirSync(`${tree}/${'n'.repeat(120)}/${'m'.repeat(120)}`, { recursive: true });
    writeFileSync(`${tree}/${'n'.repeat(120)}/${'m'.repeat(120)}/file`, 'deep');
    symlinkSync('nowhere', `${tree}/dangling`);
    execFileSync('sh', ['-c', 'cp -a /etc/passwd . && truncate -s 1M hole && mkfifo f && ln passwd hard'], {
      cwd: tree,
    });
    const tar = execFileSync('tar', ['-C', tree, '-S', '--format=pax', '-cf', '-', '.'], { maxBuffer: 1 << 26 });
    await apply(tar);
    const theirs = scratch.join('theirs');
    mkdirSync(theirs);
    execFileSync('tar', ['-C', theirs, '-xpf', '-'], { input: tar });
    const listing = (path: string): string =>
      execFileSync(
        'sh',
        [
          '-c',
          "find . -mindepth 1 -printf '%P %y %m %U %G %s %T@ %n %l\\n' | sort; find . -type f | sort | xargs md5sum",
        ],
        {
          cwd: path,
          encoding: 'utf8',
        },
      );
    expect(listing(scratch.join('root'))).toBe(listing(theirs));
    expect(lstatSync(scratch.join('root', 'hole')).blocks).toBe(0);
  });
});

describe('applyLayer and what is there already', () => {
  test('applyLayer follows links inside the root, and makes what they point to', async () => {
    await applyMembers([
      { name: 'usr/bin/', type: '5' },
      { name: 'bin', type: '2', linkName: '/usr/bin' },
      { name: 'bin/tool', data: 't' },
      { name: 'dangling', type: '2', linkName: '../made/here' },
      { name: 'dangling/file', data: 'f' },
    ]);
    expect(readFileSync(scratch.join('root', 'usr/bin/tool'), 'utf8')).toBe('t');
    expect(readFileSync(scratch.join('root', 'made/here/file'), 'utf8')).toBe('f');
    expect(lstatSync(scratch.join('root', 'bin')).isSymbolicLink()).toBe(true);
  });

  test('applyLayer gives up on links that go round in circles, and on files in the way', async () => {
    const circle = [
      { name: 'a', type: '2', linkName: 'b' },
      { name: 'b', type: '2', linkName: 'a' },
      { name: 'a/file' },
    ];
    expect(await failure(applyMembers(circle))).toContain('cannot unpack "a/file"');
    expect(await failure(applyMembers([{ name: 'f' }, { name: 'f/g' }]))).toStartWith('failed_precondition');
  });

  test('applyLayer replaces files by directories and back, and merges directories', async () => {
    await applyMembers([
      { name: 'd/', type: '5', mode: 0o755 },
      { name: 'd/kept', data: 'k' },
      { name: 'f', data: 'f' },
    ]);
    await applyMembers([
      { name: 'd/', type: '5', mode: 0o700 },
      { name: 'f/', type: '5' },
      { name: 'f/g', data: 'g' },
    ]);
    expect(readFileSync(scratch.join('root', 'd/kept'), 'utf8')).toBe('k');
    expect(lstatSync(scratch.join('root', 'd')).mode & 0o777).toBe(0o700);
    await applyMembers([{ name: 'f', data: 'again' }]);
    expect(readFileSync(scratch.join('root', 'f'), 'utf8')).toBe('again');
  });

  test('applyLayer tells a full disk from everything else', async () => {
    const small: Mount[] = [{ type: 'tmpfs', source: 'tmpfs', target: '', options: ['size=64k'] }];
    const members = [{ name: 'big', data: Buffer.alloc(1 << 20) }];
    expect(await failure(applyMembers(members, small))).toStartWith('resource_exhausted: cannot unpack "big"');
  });

  test('applyLayer stops when the caller goes away', async () => {
    const caller = new AbortController();
    caller.abort(new Error('gone'));
    const options = { tempFolder: scratch.join('temp'), syncFs: false, signal: caller.signal };
    const work = applyLayer(pieces(tarOf([{ name: 'file' }])), bind(scratch.join('root')), options);
    expect(await failure(work)).toContain('gone');
    expect(readdirSync(scratch.join('root'))).toEqual([]);
  });
});

describe('applyLayer and whiteouts', () => {
  const layer: FixtureMember[] = [
    { name: 'gone/', type: '5' },
    { name: '.wh.removed' },
    { name: 'cleared/', type: '5' },
    { name: 'cleared/new', data: 'n' },
    { name: 'cleared/.wh..wh..opq' },
  ];
  const fill = (path: string): void => {
    for (const name of ['cleared', 'removed', 'gone']) mkdirSync(`${path}/${name}`, { recursive: true });
    for (const name of ['cleared/old', 'removed/x', 'kept']) writeFileSync(`${path}/${name}`, '');
  };

  test('applyLayer removes from a plain tree', async () => {
    fill(scratch.join('root'));
    await applyMembers(layer);
    expect(readdirSync(scratch.join('root')).sort()).toEqual(['cleared', 'gone', 'kept']);
    expect(readdirSync(scratch.join('root', 'cleared'))).toEqual(['new']);
  });

  test('applyLayer marks an overlay so that the merged tree is the same', async () => {
    fill(scratch.join('lower'));
    await applyMembers(layer, overlay());
    expect(lstatSync(scratch.join('upper', 'removed')).rdev).toBe(0);
    using merged = TempMount.open(scratch.join('mounts'), overlay());
    expect(readdirSync(merged.path).sort()).toEqual(['cleared', 'gone', 'kept']);
    expect(readdirSync(`${merged.path}/cleared`)).toEqual(['new']);
  });

  test('applyLayer makes missing directories of an overlay like those below', async () => {
    mkdirSync(scratch.join('lower', 'deep', 'dir'), { recursive: true });
    execFileSync('sh', ['-c', 'chmod 1750 deep/dir; chown 3:4 deep/dir'], { cwd: scratch.join('lower') });
    await applyMembers([{ name: 'deep/dir/file' }], overlay());
    const stat = lstatSync(scratch.join('upper', 'deep', 'dir'));
    expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o1750, 3, 4]);
  });

  test('applyLayer mounts what it cannot see through, and unmounts it', async () => {
    fill(scratch.join('lower'));
    const two: Mount[] = [...overlay(), { type: 'tmpfs', source: 'tmpfs', target: 'gone', options: ['size=1m'] }];
    await applyMembers([{ name: 'gone/here' }, { name: 'file', data: '1' }], two);
    expect(readFileSync(scratch.join('upper', 'file'), 'utf8')).toBe('1');
    expect(existsSync(scratch.join('upper', 'gone', 'here'))).toBe(false);
  });

  test.each(['.wh.', '.wh..', '.wh...'])('applyLayer refuses the whiteout %p', async (name) => {
    expect(await failure(applyMembers([{ name: `dir/${name}` }]))).toContain('invalid whiteout name');
  });
});

describe('applyLayer and hostile archives', () => {
  const outside = (): string[] => readdirSync(scratch.join('outside'));
  const victim = (): string => scratch.join('outside', 'victim');
  beforeEach(() => writeFileSync(victim(), 'untouched', { mode: 0o600 }));
  afterEach(() => {
    expect(outside()).toEqual(['victim']);
    expect(readFileSync(victim(), 'utf8')).toBe('untouched');
    expect(lstatSync(victim()).mode & 0o777).toBe(0o600);
    expect(lstatSync(victim()).nlink).toBe(1);
  });

  test.each<[string, (outside: string) => FixtureMember[]]>([
    [
      '..',
      () => [
        { name: '../outside/victim', data: 'bad' },
        { name: '../../../../../outside/victim', data: 'bad' },
      ],
    ],
    ['an absolute name', (path) => [{ name: `${path}/victim`, data: 'bad' }]],
    [
      'an absolute link',
      (path) => [
        { name: 'l', type: '2', linkName: path },
        { name: 'l/victim', data: 'bad' },
      ],
    ],
    [
      'a link upwards',
      () => [
        { name: 'l', type: '2', linkName: '../outside' },
        { name: 'l/victim', data: 'bad' },
      ],
    ],
    [
      'a link to a file',
      (path) => [
        { name: 'l', type: '2', linkName: `${path}/victim` },
        { name: 'l', data: 'bad' },
      ],
    ],
    [
      'a link, then a directory over it',
      (path) => [
        { name: 'l', type: '2', linkName: path },
        { name: 'l/', type: '5', mode: 0o777 },
        { name: 'l/victim', data: 'bad' },
      ],
    ],
    [
      'a chain of links',
      (path) => [
        { name: 'a', type: '2', linkName: 'b' },
        { name: 'b', type: '2', linkName: path },
        { name: 'a/victim', data: 'bad' },
      ],
    ],
    ['a whiteout through a link', (path) => [{ name: 'l', type: '2', linkName: path }, { name: 'l/.wh.victim' }]],
    ['an opaque mark through a link', (path) => [{ name: 'l', type: '2', linkName: path }, { name: 'l/.wh..wh..opq' }]],
    [
      "a directory's mode through a link",
      (path) => [
        { name: 'd/', type: '5' },
        { name: 'd', type: '2', linkName: path },
        { name: 'd/victim', type: '5', mode: 0o777 },
      ],
    ],
  ])('applyLayer stays inside with %s', async (_name, members) => {
    await failure(applyMembers(members(scratch.join('outside'))));
  });

  test.each<[string, (outside: string) => string]>([
    ['upwards', () => '../outside/victim'],
    ['absolute', (path) => `${path}/victim`],
  ])('applyLayer links to nothing outside: %s', async (_name, target) => {
    const members = [{ name: 'h', type: '1', linkName: target(scratch.join('outside')) }];
    expect(await failure(applyMembers(members))).toContain('not_found');
  });

  test('applyLayer links to nothing outside through a link', async () => {
    const path = scratch.join('outside');
    await failure(
      applyMembers([
        { name: 'l', type: '2', linkName: path },
        { name: 'h', type: '1', linkName: 'l/victim' },
      ]),
    );
    // a hard link to a symbolic link is one to the link itself
    await applyMembers([
      { name: 's', type: '2', linkName: `${path}/victim` },
      { name: 'h', type: '1', linkName: 's' },
    ]);
    expect(lstatSync(scratch.join('root', 'h')).isSymbolicLink()).toBe(true);
  });

  test('applyLayer does not let an image speak to overlayfs', async () => {
    await applyMembers(
      [{ name: 'd/', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/other' } }],
      overlay(),
    );
    expect(() => getXattr(scratch.join('upper', 'd'), 'trusted.overlay.redirect')).toThrow('ENODATA');
  });

  test.each([
    ['truncated', (tar: Buffer) => tar.subarray(0, 700), 'unexpected EOF'],
    ['truncated gzip', (tar: Buffer) => gzipSync(tar).subarray(0, 100), 'cannot decompress gzip layer'],
    ['corrupt gzip', (tar: Buffer) => gzipSync(tar).fill(0x55, 40, 80), 'cannot decompress gzip layer'],
    ['corrupt zstd', (tar: Buffer) => zstdCompressSync(tar).fill(0x55, 20), 'cannot decompress zstd layer'],
    ['not a tar', () => Buffer.from('hello, this is no archive'.repeat(100)), 'cannot read tar header'],
  ])('applyLayer says clearly of a %s layer what is wrong', async (_name, spoil, text) => {
    const tar = tarOf([{ name: 'file', data: Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 31) % 256)) }]);
    const message = await failure(apply(spoil(tar)));
    expect(message).toStartWith('invalid_argument: ');
    expect(message).toContain(text);
  });
});

/** cap_net_raw=ep, as the kernel stores it (vfs_cap_data, revision 2). */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
