/** The image domain against the real containerd of this machine: what `docker load` and friends do, and what they leave. */
import { busyboxImage, digestOf, imageArchive } from '@docker-ts/testkit/image-archive';
import { mustRun } from '@docker-ts/testkit/command';
import { Daemon } from '@docker-ts/testkit/daemon';
import { Scratch } from '@docker-ts/testkit/scratch';
import { tarArchive } from '@docker-ts/testkit/tar-writer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ContainerdClient } from '../client/containerd.ts';
import type { ImageUser } from '../containers/ports.ts';
import { ImageService } from './image-service.ts';
import type { ProgressLine } from './progress.ts';

const scratch = new Scratch('images');
const socket = scratch.join('containerd.sock');
let daemon: Daemon;
let client: ContainerdClient;
let images: ImageService;
const users = new Map<string, ImageUser[]>();
const events: string[] = [];

beforeAll(async () => {
  const config = [
    'version = 2',
    `root = "${scratch.join('root')}"`,
    `state = "${scratch.join('state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `[grpc]\naddress = "${socket}"`,
    `[ttrpc]\naddress = "${socket}.ttrpc"`,
  ];
  writeFileSync(scratch.join('config.toml'), config.join('\n'));
  daemon = new Daemon({
    name: 'containerd',
    command: ['containerd', '-c', scratch.join('config.toml')],
    logFile: scratch.join('log'),
    ready: () => Promise.resolve(existsSync(socket)),
  });
  await daemon.start();
  client = new ContainerdClient(socket);
  await client.waitForReady(10_000);
  images = new ImageService({
    client,
    users: { usersOf: (id) => users.get(id) ?? [] },
    events: { publish: (type, action) => void events.push(`${type} ${action}`) },
  });
});

afterAll(async () => {
  client[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

beforeEach(async () => {
  users.clear();
  for (const image of await images.list(new Map())) await images.remove(image.Id, true);
  events.length = 0;
});

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) {
    await Promise.resolve();
    yield bytes.subarray(start, start + 65_536);
  }
}

async function load(tar: Uint8Array, quiet = true): Promise<ProgressLine[]> {
  const lines: ProgressLine[] = [];
  const signal = new AbortController().signal;
  await images.load(stream(tar), { quiet, signal, progress: (line) => lines.push(line) });
  return lines;
}

const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  return 'no failure';
};

/** Everything that containerd holds for the daemon. */
async function contents(): Promise<{ names: string[]; blobs: number; snapshots: number; leases: number }> {
  const { images: found } = await client.images.list({});
  let blobs = 0;
  for await (const { info } of client.content.list({})) blobs += info.length;
  let snapshots = 0;
  for await (const { info } of client.snapshots.list({ snapshotter: client.snapshotter })) snapshots += info.length;
  const { leases } = await client.leases.list({});
  return { names: found.map(({ name }) => name), blobs, snapshots, leases: leases.length };
}

const empty = { names: [], blobs: 0, snapshots: 0, leases: 0 };

test('load takes plain, gzip and zstd archives, and the same image twice', async () => {
  const { tar, id } = busyboxImage('busybox:latest');
  expect(await load(tar)).toEqual([{ stream: 'Loaded image: busybox:latest\n' }]);
  expect(await load(gzipSync(tar))).toEqual([{ stream: 'Loaded image: busybox:latest\n' }]);
  expect(await load(zstdCompressSync(tar))).toEqual([{ stream: 'Loaded image: busybox:latest\n' }]);
  expect(await contents()).toEqual({ names: ['docker.io/library/busybox:latest'], blobs: 3, snapshots: 1, leases: 0 });
  const resolved = await images.resolve('busybox');
  expect(resolved.id).toBe(id);
  expect(resolved.config.Cmd).toEqual(['sh']);
  expect(events).toContain('image load');
});

test('load shows the progress of each new layer', async () => {
  const lines = await load(busyboxImage().tar, false);
  expect(lines.map(({ status, stream: text }) => status ?? text)).toEqual([
    'Loading layer',
    'Loading layer',
    'Loaded image: busybox:latest\n',
  ]);
  expect(lines[1]?.progressDetail?.current).toBe(lines[1]?.progressDetail?.total ?? -1);
});

test('an image that load made is one that ctr can run from', async () => {
  await load(busyboxImage('busybox:latest').tar);
  const ctr = ['ctr', '-a', socket, '-n', 'moby'];
  expect(await mustRun([...ctr, 'images', 'check', '-q'])).toContain('docker.io/library/busybox:latest');
  await mustRun([...ctr, 'images', 'mount', 'docker.io/library/busybox:latest', scratch.join('mnt')].map(String)).catch(
    () => '',
  );
  expect(await mustRun([...ctr, 'snapshots', 'tree'])).toContain((await images.resolve('busybox')).chainId);
  await mustRun([...ctr, 'images', 'unmount', '--rm', scratch.join('mnt')]).catch(() => '');
});

test('an image that ctr imported without unpacking is unpacked when it is resolved', async () => {
  writeFileSync(scratch.join('ctr.tar'), busyboxImage('fromctr:1').tar);
  await mustRun(['ctr', '-a', socket, '-n', 'moby', 'images', 'import', '--no-unpack', scratch.join('ctr.tar')]);
  const { chainId } = await images.resolve('fromctr:1');
  await client.snapshots.stat({ snapshotter: client.snapshotter, key: chainId });
});

test('load leaves nothing of an archive that is broken, lacks its manifest, or lies about a digest', async () => {
  const { tar, diffIds } = busyboxImage('bad:1');
  expect(await failure(load(tar.subarray(0, 300_000)))).toContain('unexpected EOF');
  expect(await failure(load(Buffer.from('junk')))).not.toBe('no failure');
  expect(await failure(load(tarArchive([{ name: 'x', content: 'y' }])))).toContain('manifest.json: no such file');
  const forged = Buffer.from(tar.toString('latin1').replace('BusyBox v', 'BusyBox w'), 'latin1');
  expect(await failure(load(forged))).toContain(diffIds[0] ?? '');
  expect(await contents()).toEqual(empty);
});

test('load refuses a layer whose diffID the config does not name', async () => {
  const { tar } = imageArchive({
    tags: ['liar:1'],
    layers: [[{ name: 'f', content: 'x' }]],
    configuration: { rootfs: { type: 'layers', diff_ids: [digestOf('another')] } },
  });
  expect(await failure(load(tar))).toContain('wrong diff id');
  expect(await contents()).toEqual(empty);
});

test('load gives up when the client does, and leaves nothing', async () => {
  const { tar } = busyboxImage('gone:1');
  const controller = new AbortController();
  const cut = (async function* () {
    await Promise.resolve();
    yield tar.subarray(0, 1_500_000);
    controller.abort(new Error('gone'));
    throw new Error('aborted');
  })();
  expect(await failure(images.load(cut, { quiet: true, signal: controller.signal, progress: () => {} }))).not.toBe(
    'no failure',
  );
  expect(await contents()).toEqual(empty);
});

test('a tag moves to the newly loaded image and the old one stays without a name', async () => {
  const old = imageArchive({ tags: ['app:1'], layers: [[{ name: 'f', content: 'old' }]] });
  const fresh = imageArchive({ tags: ['app:1'], layers: [[{ name: 'f', content: 'new' }]] });
  await load(old.tar);
  const lines = await load(fresh.tar);
  expect(lines[0]?.stream).toBe(
    `The image app:1 already exists, renaming the old one with ID ${old.id} to empty string\n`,
  );
  const listed = await images.list(new Map([['dangling', ['true']]]));
  expect(listed.map(({ Id }) => Id)).toEqual([old.id]);
  expect((await images.prune(new Map())).ImagesDeleted).toEqual([
    { Deleted: old.id },
    { Deleted: old.diffIds[0] ?? '' },
  ]);
});

test('an archive without tags is loaded by its id', async () => {
  const { tar, id } = imageArchive({ layers: [[{ name: 'f', content: 'untagged' }]] });
  expect(await load(tar)).toEqual([{ stream: `Loaded image ID: ${id}\n` }]);
  expect((await images.resolve(id.slice(7, 19))).id).toBe(id);
});

test('import makes an image of one layer with the changes asked for', async () => {
  const fs = tarArchive([{ name: 'etc' }, { name: 'etc/motd', content: 'hi' }]);
  const options = { source: '-', repository: 'imp', tag: '1', message: 'hello', signal: new AbortController().signal };
  const changes = ['CMD ["x"]', 'ENV A=1 B="2 3"', 'LABEL k=v', 'WORKDIR /w', 'EXPOSE 80'];
  const id = await images.import(stream(gzipSync(fs)), { ...options, changes });
  const inspect = await images.inspect('imp:1');
  expect(inspect).toMatchObject({ Id: id, RepoTags: ['imp:1'], Comment: 'hello', RootFS: { Layers: [digestOf(fs)] } });
  expect(inspect['Config']).toMatchObject({
    Cmd: ['x'],
    Env: ['A=1', 'B=2 3'],
    Labels: { k: 'v' },
    WorkingDir: '/w',
    ExposedPorts: { '80/tcp': {} },
  });
  const refused = images.import(stream(fs), { ...options, changes: ['RUN x'] });
  expect(await failure(refused)).toBe('RUN is not a valid change command');
  expect(await failure(images.import(stream(Buffer.from('junkjunk')), { ...options, tag: '2', changes: [] }))).not.toBe(
    'no failure',
  );
  expect((await contents()).names).toEqual(['docker.io/library/imp:1']);
});

test('resolve tells a missing image and a malformed name in the words of dockerd', async () => {
  expect(await failure(images.resolve('nope'))).toBe('No such image: nope:latest');
  expect(await failure(images.resolve('a/b@sha256:' + '0'.repeat(64)))).toBe(
    `No such image: a/b@sha256:${'0'.repeat(64)}`,
  );
  expect(await failure(images.resolve('UPPER'))).toBe(
    'invalid reference format: repository name (library/UPPER) must be lowercase',
  );
});

test('remove follows the rules of dockerd for names, ids and containers', async () => {
  const { tar, id, diffIds } = busyboxImage('busybox:latest');
  const short = id.slice(7, 19);
  await load(tar);
  await images.tag('busybox', 'zz/b', '1');
  await images.tag('busybox', 'zz/c', '1');
  expect(await failure(images.remove(short, false))).toBe(
    `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  );
  users.set(id, [{ containerId: 'dcd0f752d453'.padEnd(64, '0'), running: false }]);
  expect(await images.remove('zz/c:1', false)).toEqual([{ Untagged: 'zz/c:1' }]);
  expect(await images.remove('zz/b:1', false)).toEqual([{ Untagged: 'zz/b:1' }]);
  expect(await failure(images.remove('busybox:latest', false))).toBe(
    `conflict: unable to remove repository reference "busybox:latest" (must force) - container dcd0f752d453 is using its referenced image ${short}`,
  );
  users.set(id, [{ containerId: 'dcd0f752d453'.padEnd(64, '0'), running: true }]);
  expect(await failure(images.remove(short, true))).toBe(
    `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container dcd0f752d453`,
  );
  users.clear();
  expect(await images.remove('busybox', false)).toEqual([
    { Untagged: 'busybox:latest' },
    { Deleted: id },
    { Deleted: diffIds[0] ?? '' },
  ]);
  expect(await contents()).toEqual(empty);
});

test('list filters by reference, label, before and since', async () => {
  const make = (name: string, created: string, labels: Record<string, string>): Uint8Array =>
    imageArchive({
      tags: [name],
      layers: [[{ name, content: name }]],
      config: { Labels: labels },
      configuration: { created },
    }).tar;
  await load(make('old:1', '2020-01-01T00:00:00Z', { a: '1' }));
  await load(make('new:1', '2024-01-01T00:00:00Z', { a: '2', b: '' }));
  const names = async (filters: Record<string, string[]>): Promise<string[]> =>
    (await images.list(new Map(Object.entries(filters)))).flatMap(({ RepoTags }) => RepoTags);
  expect(await names({})).toEqual(['new:1', 'old:1']);
  expect(await names({ reference: ['o*'] })).toEqual(['old:1']);
  expect(await names({ reference: ['*:1'] })).toEqual(['new:1', 'old:1']);
  expect(await names({ label: ['a=1'] })).toEqual(['old:1']);
  expect(await names({ label: ['a', 'b'] })).toEqual(['new:1']);
  expect(await names({ before: ['new:1'] })).toEqual(['old:1']);
  expect(await names({ since: ['old:1'] })).toEqual(['new:1']);
  expect(await failure(names({ before: ['nope'] }))).toBe('No such image: nope:latest');
  const [step] = await images.history('new:1');
  expect(step).toMatchObject({ Tags: ['new:1'], Comment: '' });
});
