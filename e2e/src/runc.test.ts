/** runc-ts alone, beside real runc: a bundle made by `runc spec`, the same output, the same state. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mustRun, runCommand } from '@docker-ts/testkit/command';
import { ourPrograms } from '@docker-ts/testkit/programs';
import { Scratch } from '@docker-ts/testkit/scratch';
import { makeBusyboxRootfs } from './busybox.ts';

let scratch: Scratch;
let runtimes: Record<'ours' | 'original', string[]>;

interface Bundle {
  readonly path: string;
  edit(change: (config: Config) => void): void;
}
interface Config {
  process: { args: string[]; terminal: boolean; [key: string]: unknown };
  hooks?: Record<string, { path: string; args: string[] }[]>;
  [key: string]: unknown;
}

beforeAll(async () => {
  scratch = new Scratch('bundles');
  mkdirSync(scratch.join('rootfs'));
  await makeBusyboxRootfs(scratch.join('rootfs'));
  runtimes = {
    ours: [ourPrograms().runc, '--root', scratch.join('root-ours')],
    original: ['runc', '--root', scratch.join('root-original')],
  };
});

afterAll(() => scratch[Symbol.dispose]());

/** A bundle as `runc spec` makes it, with the terminal off and `args` to run. */
async function makeBundle(name: string, args: string[]): Promise<Bundle> {
  const path = scratch.join(name);
  mkdirSync(path);
  await mustRun(['runc', 'spec', '--bundle', path]);
  const file = `${path}/config.json`;
  const bundle: Bundle = {
    path,
    edit(change) {
      const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
      change(config);
      writeFileSync(file, JSON.stringify(config));
    },
  };
  bundle.edit((config) => {
    config['root'] = { path: scratch.join('rootfs'), readonly: false };
    config.process.terminal = false;
    config.process.args = args;
  });
  return bundle;
}

const ours = (args: string[]) => runCommand([...runtimes.ours, ...args]);

describe('runc-ts', () => {
  test('runc-ts run on a bundle made by runc spec prints the same as runc and ends with the same status', async () => {
    const script =
      'id; hostname; pwd; env; cat /proc/self/status | grep -E "Cap|Seccomp|NoNew"; mount | sort; ls -l /dev; ulimit -a; exit 11';
    const bundle = await makeBundle('same', ['sh', '-c', script]);
    const [mine, theirs] = [
      await ours(['run', '-b', bundle.path, 'same']),
      await runCommand([...runtimes.original, 'run', '-b', bundle.path, 'same']),
    ];
    const normal = (text: string): string =>
      text.replaceAll(/\w{3} [ \d]\d \d\d:\d\d/g, 'TIME').replaceAll(/inode64|size=\d+k|nr_inodes=\d+/g, '');
    // the bundle asks for a read-only /sys/fs/cgroup; this runc leaves the tmpfs that holds the v1 hierarchies writable
    const asAsked = (text: string): string =>
      text.replace('on /sys/fs/cgroup type tmpfs (rw,', 'on /sys/fs/cgroup type tmpfs (ro,');
    expect(normal(mine.stdout)).toBe(asAsked(normal(theirs.stdout)));
    expect(mine.code).toBe(11);
    expect(theirs.code).toBe(11);
  });

  test('runc-ts create, state, start, exec, kill and delete walk through the life of a container as runc does', async () => {
    const bundle = await makeBundle('life', ['sleep', '600']);
    const states: Record<string, unknown[]> = { ours: [], original: [] };
    for (const [who, command] of Object.entries(runtimes)) {
      const call = (...args: string[]) => mustRun([...command, ...args]);
      const state = async (): Promise<void> => {
        const {
          pid,
          created,
          bundle: folder,
          ...rest
        } = JSON.parse(await call('state', 'life')) as Record<string, unknown>;
        states[who]?.push({ ...rest, hasPid: Number(pid) > 0, created: typeof created, folder });
      };
      const log = Bun.file(scratch.join(`${who}.log`));
      const child = Bun.spawn([...command, 'create', '-b', bundle.path, 'life'], {
        stdin: 'ignore',
        stdout: log,
        stderr: log,
      });
      expect(await child.exited).toBe(0);
      await state();
      expect((await runCommand([...command, 'delete', 'nothing'])).code).toBe(1);
      await call('start', 'life');
      await state();
      expect(await call('exec', 'life', 'echo', 'inside')).toBe('inside\n');
      expect((await runCommand([...command, 'exec', 'life', 'sh', '-c', 'exit 3'])).code).toBe(3);
      expect((await runCommand([...command, 'delete', 'life'])).code).toBe(1);
      await call('kill', 'life', 'KILL');
      while ((JSON.parse(await call('state', 'life')) as { status: string }).status !== 'stopped') await Bun.sleep(20);
      await state();
      await call('delete', 'life');
      expect((await runCommand([...command, 'state', 'life'])).code).toBe(1);
    }
    const withoutVersion = (list: unknown[] | undefined) =>
      list?.map((entry) => ({ ...(entry as object), ociVersion: '' }));
    expect(withoutVersion(states['ours'])).toEqual(withoutVersion(states['original']));
  });

  test('runc-ts run reports what is wrong with a bundle, and leaves nothing', async () => {
    const missing = await ours(['run', '-b', '/no/such/bundle', 'x']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('/no/such/bundle');
    const broken = await makeBundle('broken', ['true']);
    writeFileSync(`${broken.path}/config.json`, '{ not json');
    expect((await ours(['run', '-b', broken.path, 'x'])).code).toBe(1);
    const noCommand = await makeBundle('no-command', ['no-such-command']);
    const result = await ours(['run', '-b', noCommand.path, 'x']);
    expect(result.stderr).toMatch(/exec: \\?"no-such-command\\?": executable file not found in \$PATH/);
    expect(result.code).toBe(1);
    expect((await ours(['list', '-q'])).stdout).toBe('');
  });

  test('runc-ts plan shows what would be done and does nothing', async () => {
    const bundle = await makeBundle('plan', ['true']);
    const plan = await ours(['plan', bundle.path]);
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain('pivot_root');
    expect(plan.stdout).toContain('mounts[0]');
    expect((await ours(['list', '-q'])).stdout).toBe('');
  });

  test('runc-ts runs hooks with the state on their standard input', async () => {
    const bundle = await makeBundle('hooks', ['true']);
    const hook = scratch.join('hook.sh');
    writeFileSync(hook, `#!/bin/sh\ncat >${scratch.join('hook')}-$1.json\n`, { mode: 0o755 });
    bundle.edit((config) => {
      config.hooks = Object.fromEntries(
        ['createRuntime', 'poststart', 'poststop'].map((kind) => [kind, [{ path: hook, args: ['hook', kind] }]]),
      );
    });
    expect((await ours(['run', '-b', bundle.path, 'hooked'])).code).toBe(0);
    for (const [kind, status] of [
      ['createRuntime', 'creating'],
      ['poststop', 'stopped'],
    ] as const) {
      const state = JSON.parse(readFileSync(scratch.join(`hook-${kind}.json`), 'utf8')) as Record<string, unknown>;
      expect(state).toMatchObject({ id: 'hooked', status, bundle: bundle.path });
    }
  });

  test('runc-ts works where nothing of the source tree or node_modules is', async () => {
    const bundle = await makeBundle('alone', ['echo', 'alone']);
    const copy = scratch.join('runc-copy');
    copyFileSync(ourPrograms().runc, copy);
    expect(await mustRun(['chmod', '755', copy])).toBe('');
    const result = await runCommand([copy, '--root', scratch.join('root-copy'), 'run', '-b', bundle.path, 'alone'], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    expect(result).toEqual({ code: 0, stdout: 'alone\n', stderr: '' });
  });
});
