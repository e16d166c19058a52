/** containerd's own client on containerd-ts: the same commands that pass on the original. No flag names our runtime. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { mustRun, waitFor } from '@docker-ts/testkit/command';
import { busyboxImage } from '@docker-ts/testkit/image-archive';
import { Scratch } from '@docker-ts/testkit/scratch';
import { Stack } from '@docker-ts/testkit/stack';

const image = 'docker.io/library/busybox:latest';
let stack: Stack;
let archives: Scratch;

beforeAll(async () => {
  stack = await Stack.open();
  archives = new Scratch('archives');
  writeFileSync(archives.join('busybox.tar'), busyboxImage('busybox:latest').tar);
  await ctr(['images', 'import', archives.join('busybox.tar')]);
}, 60_000);

afterAll(async () => {
  archives[Symbol.dispose]();
  await ctr(['images', 'rm', '--sync', image]).catch(() => {});
  await stack[Symbol.asyncDispose]();
}, 60_000);

/** Runs ctr in its default namespace; a failure rejects. */
async function ctr(args: string[], stdin?: Uint8Array): Promise<string> {
  const input = stdin === undefined ? {} : { stdin };
  return (await mustRun(['ctr', '--address', stack.containerdSocket, ...args], input)).trimEnd();
}

describe('ctr', () => {
  test('ctr version reports the server', async () => {
    expect(await ctr(['version'])).toMatch(/Server:\n\s+Version:\s+\S+/);
  });

  test('ctr namespaces lists, labels, creates and removes', async () => {
    await ctr(['namespaces', 'create', 'sky', 'colour=blue']);
    expect(await ctr(['namespaces', 'ls'])).toMatch(/^sky\s+colour=blue/m);
    await ctr(['namespaces', 'label', 'sky', 'colour=grey']);
    expect(await ctr(['namespaces', 'ls'])).toMatch(/^sky\s+colour=grey/m);
    await ctr(['namespaces', 'rm', 'sky']);
    expect(await ctr(['namespaces', 'ls', '-q'])).not.toContain('sky');
  });

  test('ctr images lists what was imported and tags it', async () => {
    expect(await ctr(['images', 'ls', '-q'])).toContain(image);
    await ctr(['images', 'tag', image, 'example.com/second:1']);
    expect(await ctr(['images', 'ls', '-q'])).toContain('example.com/second:1');
    await ctr(['images', 'rm', 'example.com/second:1']);
    expect(await ctr(['images', 'ls', '-q'])).not.toContain('example.com/second:1');
    expect(await ctr(['images', 'check', '-q'])).toContain(image);
  });

  test('ctr content ingests, reads back, labels and refuses a wrong digest', async () => {
    const bytes = new Uint8Array(2_500_000).map((_, i) => (i * 31) & 0xff);
    const digest = `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`;
    writeFileSync(archives.join('blob'), bytes);
    const ingest = `ctr -a ${stack.containerdSocket} content ingest --expected-digest ${digest} --expected-size ${bytes.length} one <${archives.join('blob')}`;
    // a collection that is due after the deletions before may take a blob that nothing refers to yet
    await waitFor('a blob that was labelled in time', async () => {
      await mustRun(['sh', '-c', ingest]);
      return (await stack.ctr(['content', 'label', digest, 'containerd.io/gc.root=test'])).code === 0;
    });
    expect(await ctr(['content', 'ls', '-q'])).toContain(digest);
    const sum = await mustRun(['sh', '-c', `ctr -a ${stack.containerdSocket} content get ${digest} | sha256sum`]);
    expect(`sha256:${sum.split(' ')[0]}`).toBe(digest);
    expect(await ctr(['content', 'label', digest, 'seen=yes'])).toContain('seen=yes');
    const wrong = await stack.ctr(['content', 'ingest', '--expected-digest', `sha256:${'0'.repeat(64)}`, 'two'], {
      stdin: 'x',
    });
    expect(wrong.stderr).toContain('unexpected commit digest');
    await ctr(['content', 'rm', digest]);
    expect(await ctr(['content', 'ls', '-q'])).not.toContain(digest);
  });

  test('ctr snapshots prepares, commits, shows usage and removes', async () => {
    await ctr(['snapshots', 'prepare', 'work']);
    expect(await ctr(['snapshots', 'mounts', '/nowhere', 'work'])).toMatch(/^mount -t (bind|overlay) /);
    await ctr(['snapshots', 'commit', 'done', 'work']);
    await ctr(['snapshots', 'prepare', 'child', 'done']);
    expect(await ctr(['snapshots', 'ls'])).toMatch(/child\s+done\s+Active/);
    expect(await ctr(['snapshots', 'usage', 'done'])).toMatch(/done/);
    expect((await stack.ctr(['snapshots', 'rm', 'done'])).stderr).toContain('cannot remove snapshot with child');
    await ctr(['snapshots', 'rm', 'child']);
    await ctr(['snapshots', 'rm', 'done']);
  });

  test('ctr run runs a container by the default runtime and passes output and exit code on', async () => {
    expect(await ctr(['run', '--rm', image, 'first', 'echo', 'hello from ctr'])).toBe('hello from ctr');
    const failing = await stack.ctr(['run', '--rm', image, 'second', 'sh', '-c', 'echo no >&2; exit 5']);
    expect(failing).toMatchObject({ code: 5, stderr: 'no\n' });
    expect(await ctr(['containers', 'ls', '-q'])).toBe('');
  });

  test('ctr tasks lists, execs, pauses, kills and deletes', async () => {
    await ctr(['run', '-d', image, 'long', 'sleep', '600']);
    expect(await ctr(['tasks', 'ls'])).toMatch(/^long\s+\d+\s+RUNNING/m);
    expect(await ctr(['tasks', 'exec', '--exec-id', 'e1', 'long', 'echo', 'inside'])).toBe('inside');
    expect((await stack.ctr(['tasks', 'exec', '--exec-id', 'e2', 'long', 'sh', '-c', 'exit 9'])).code).toBe(9);
    expect(await ctr(['tasks', 'ps', 'long'])).toMatch(/^\d+/m);
    await ctr(['tasks', 'pause', 'long']);
    expect(await ctr(['tasks', 'ls'])).toMatch(/^long\s+\d+\s+PAUSED/m);
    await ctr(['tasks', 'resume', 'long']);
    expect(await ctr(['tasks', 'metrics', 'long'])).toMatch(/memory\.usage_in_bytes|memory\.current/);
    await ctr(['tasks', 'kill', '-s', 'SIGKILL', 'long']);
    await waitFor('the end', async () => /^long\s+\d+\s+STOPPED/m.test(await ctr(['tasks', 'ls'])));
    await stack.ctr(['tasks', 'rm', 'long']);
    expect(await ctr(['tasks', 'ls', '-q'])).toBe('');
    await ctr(['containers', 'rm', 'long']);
  });

  test('ctr events shows the life of a task in order', async () => {
    const child = Bun.spawn(['ctr', '--address', stack.containerdSocket, 'events'], {
      stdout: 'pipe',
      stderr: 'ignore',
    });
    let seen = '';
    const reading = (async () => {
      for await (const chunk of child.stdout) seen += Buffer.from(chunk).toString();
    })();
    await waitFor('the subscription', async () => {
      await ctr(['images', 'label', image, `at=${Date.now()}`]);
      return seen.includes('/images/update');
    });
    await ctr(['run', '--rm', image, 'watched', 'true']);
    await waitFor('the last event', () => seen.includes('/containers/delete'));
    child.kill();
    await reading;
    const topics = [...seen.matchAll(/default (\/(?:tasks|containers)\/\S+)/g)].map((match) => match[1]);
    expect(topics).toEqual([
      '/containers/create',
      '/tasks/create',
      '/tasks/start',
      '/tasks/exit',
      '/tasks/delete',
      '/containers/delete',
    ]);
  });

  test('ctr plugins lists the snapshotters and the runtime', async () => {
    const plugins = await ctr(['plugins', 'ls']);
    expect(plugins).toMatch(/io\.containerd\.snapshotter\.v1\s+overlayfs\s+\S+\s+ok/);
    expect(plugins).toMatch(/io\.containerd\.snapshotter\.v1\s+native\s+\S+\s+ok/);
  });

  test('ctr run refuses what is not there with the words of the original', async () => {
    expect((await stack.ctr(['run', '--rm', 'example.com/none:1', 'x', 'true'])).stderr).toContain('not found');
    const missing = await stack.ctr(['run', '--rm', image, 'third', 'no-such-command']);
    expect(missing.stderr).toContain('executable file not found in $PATH');
    expect(await ctr(['tasks', 'ls', '-q'])).toBe('');
    await ctr(['containers', 'rm', 'third']).catch(() => {});
  });
});
