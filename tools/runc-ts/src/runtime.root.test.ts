/** Real containers: what a bundle asks for is what its process sees, and nothing is left afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { listenConsoleSocket, receiveConsole } from '@docker-ts/linux/pty';
import { waitFor } from '@docker-ts/testkit/command';
import { type Census, settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';
import { Runtime } from './testing/bundle.ts';

let runtime: Runtime;
let before: Census;

beforeAll(async () => {
  before = takeCensus();
  runtime = await Runtime.open();
}, 60_000);

afterAll(async () => {
  expect(runtime.leftovers()).toEqual([]);
  runtime[Symbol.dispose]();
  const leaks = await settleLeaks(before, 2000);
  // other tests of the machine make cgroups and folders of their own
  expect(leaks.filter((leak) => leak.includes('bundle-') || leak.includes('docker-ts-runc-'))).toEqual([]);
});

/** Cgroups are the machine's: another run of this test must not get in the way. */
const unique = (name: string): string => `${name}-${process.pid}`;
const life = unique('life');
const inner = unique('inner');
const dead = unique('dead');
const waiting = unique('waiting');
const killed = unique('killed');
const signals = unique('signals');
const shell = (script: string): string[] => ['sh', '-c', script];
const ended = (id: string): Promise<true> =>
  waitFor(`${id} to stop`, async () => (await runtime.state(id)).status === 'stopped' || undefined);

describe('runc-ts run', () => {
  test('run answers the exit status of the process', async () => {
    expect((await runtime.run(shell('exit 7'))).code).toBe(7);
    expect((await runtime.run(shell('exit 0'))).code).toBe(0);
  });

  test('run gives the process nothing but its standard descriptors', async () => {
    const { stdout } = await runtime.run(
      shell('ls -l /proc/self/fd | grep -- "->" | grep -v "/proc/"; ls /proc | grep -c "^[0-9]"'),
    );
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, -1)).toHaveLength(3);
    expect(stdout).not.toContain(runtime.root);
  });

  test('run sets ids, groups, umask, directory, HOME, limits and capabilities', async () => {
    const { stdout } = await runtime.run(
      shell(
        'id -u; id -g; id -G; umask; pwd; echo $HOME; ulimit -n; grep -E "Cap|NoNew" /proc/self/status | tr "\\t" " "',
      ),
      (config) => {
        config.process.user = { uid: 1000, gid: 1001, additionalGids: [5, 6], umask: 0o077 };
        config.process.cwd = '/etc';
        config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 100 }];
        config.process.capabilities = {
          bounding: ['CAP_KILL', 'CAP_NET_RAW'],
          permitted: ['CAP_KILL'],
          effective: ['CAP_KILL'],
          inheritable: ['CAP_KILL'],
          ambient: ['CAP_KILL'],
        };
      },
    );
    expect(stdout.trim().split('\n')).toEqual([
      '1000',
      '1001',
      '1001 5 6',
      '0077',
      '/etc',
      '/home/user',
      '99',
      'CapInh: 0000000000000020',
      'CapPrm: 0000000000000020',
      'CapEff: 0000000000000020',
      'CapBnd: 0000000000002020',
      'CapAmb: 0000000000000020',
      'NoNewPrivs: 1',
    ]);
  });

  test('run makes a missing working directory', async () => {
    const { stdout } = await runtime.run(['pwd'], (config) => {
      config.process.cwd = '/made/for/this';
    });
    expect(stdout).toBe('/made/for/this\n');
  });

  test('run masks and protects paths', async () => {
    const { stdout } = await runtime.run(
      shell(
        'wc -c </secret; ls /hidden | wc -l; (echo x >/fixed) 2>/dev/null || echo read-only; (echo 1 >/proc/sys/kernel/panic) 2>/dev/null || echo read-only',
      ),
      (config) => {
        writeFileSync(`${runtime.rootfs}/secret`, 'secret');
        writeFileSync(`${runtime.rootfs}/fixed`, '');
        mkdirSync(`${runtime.rootfs}/hidden/file`, { recursive: true });
        config.linux.maskedPaths = ['/secret', '/hidden', '/none', '/secret/none'];
        config.linux.readonlyPaths = ['/fixed', '/none', '/proc/sys'];
      },
    );
    expect(stdout).toBe('0\n0\nread-only\nread-only\n');
  });

  test('run sets names and parameters of the namespaces, not those of the host', async () => {
    const hostname = readFileSync('/proc/sys/kernel/hostname', 'utf8');
    const { stdout } = await runtime.run(
      shell(
        'hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni; ip addr show lo | grep -c LOOPBACK,UP; readlink /proc/self/ns/cgroup',
      ),
      (config) => {
        config.hostname = 'inside';
        config.domainname = 'example.test';
        config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '77' };
      },
    );
    expect(stdout.split('\n').slice(0, 5)).toEqual(['inside', 'example.test', '1', '77', '1']);
    expect(readFileSync('/proc/sys/kernel/hostname', 'utf8')).toBe(hostname);
  });

  test('run makes missing mount points and binds files and folders, read-only where asked', async () => {
    const host = runtime.scratch.join('host');
    mkdirSync(host);
    writeFileSync(`${host}/file`, 'content\n');
    const { stdout } = await runtime.run(
      shell(
        'cat /new/file /deep/er/folder/file; touch /deep/er/folder/x 2>&1 || true; mount | grep -c " /tmpfs .*noexec.*size=64k"',
      ),
      (config) => {
        config.mounts.push(
          { destination: '/new/file', type: 'bind', source: `${host}/file`, options: ['bind'] },
          { destination: '/deep/er/folder', type: 'bind', source: host, options: ['rbind', 'ro', 'rprivate'] },
          { destination: '/tmpfs', type: 'tmpfs', source: 'x', options: ['noexec', 'size=64k'] },
        );
      },
    );
    expect(stdout).toBe('content\ncontent\ntouch: /deep/er/folder/x: Read-only file system\n1\n');
  });

  test('run applies a seccomp filter', async () => {
    const { stdout } = await runtime.run(
      shell('mkdir /tmp-x 2>&1; grep Seccomp: /proc/self/status | tr "\\t" " "'),
      (config) => {
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
        };
      },
    );
    expect(stdout).toContain('Operation not supported');
    expect(stdout).toContain('Seccomp: 2');
  });

  test('run forwards signals to the process', async () => {
    const path = runtime.bundle(shell('trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.1; done'));
    const child = Bun.spawn(runtime.command('run', '-b', path, signals), { stdin: 'ignore', stdout: 'pipe' });
    const reader = child.stdout.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('ready\n');
    child.kill('SIGTERM');
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('got it\n');
    expect(await child.exited).toBe(5);
  });

  test('run answers 128 and the signal that ended the process', async () => {
    const path = runtime.bundle(['sleep', '600']);
    const child = Bun.spawn(runtime.command('run', '-b', path, killed), { stdin: 'ignore' });
    await waitFor('the container to run', async () => (await runtime.state(killed)).status === 'running' || undefined);
    await runtime.must('kill', killed, 'KILL');
    expect(await child.exited).toBe(137);
  });
});

describe('runc-ts run, refusing', () => {
  test('run says what is wrong with the executable, as runc does', async () => {
    writeFileSync(`${runtime.rootfs}/not-executable`, '');
    const messages = [
      ['nosuch', 'exec: \\"nosuch\\": executable file not found in $PATH'],
      ['/none', 'exec: \\"/none\\": stat /none: no such file or directory'],
      ['/not-executable', 'exec: \\"/not-executable\\": permission denied'],
      ['/bin', 'exec: \\"/bin\\": is a directory'],
    ] as const;
    for (const [file, message] of messages) {
      const { code, stderr } = await runtime.run([file]);
      expect(stderr).toContain(`runc run failed: unable to start container process: ${message}`);
      expect(code).toBe(1);
    }
  });

  test('run names step and field of a mount that fails', async () => {
    const { stderr } = await runtime.run(['true'], (config) => {
      config.mounts.push({ destination: '/x', type: 'tmpfs', source: 'x', options: ['nonsense'] });
    });
    expect(stderr).toMatch(
      /mount tmpfs on \/x: tmpfs: Unknown parameter 'nonsense': invalid argument \(step \d+ of \d+, mounts\[7\] of config.json\)/,
    );
  });

  test('run keeps links of the image inside the root file system', async () => {
    const outside = runtime.scratch.join('outside');
    mkdirSync(outside);
    symlinkSync(outside, `${runtime.rootfs}/escape`);
    symlinkSync('../../../../../../../../tmp', `${runtime.rootfs}/up`);
    const { stdout } = await runtime.run(shell('mount | grep -c "on .*/made type tmpfs"'), (config) => {
      config.mounts.push(
        { destination: '/escape/made', type: 'tmpfs', source: 'a' },
        { destination: '/up/made', type: 'tmpfs', source: 'b' },
      );
    });
    expect(stdout).toBe('2\n');
    expect(existsSync(`${outside}/made`)).toBe(false);
    expect(existsSync('/tmp/made')).toBe(false);
  });

  test('run refuses a /proc that is a link, or is covered, or has its files covered (CVE-2019-19921, CVE-2015-3631)', async () => {
    const rootfs = runtime.scratch.join('linked');
    mkdirSync(`${rootfs}/elsewhere`, { recursive: true });
    symlinkSync('elsewhere', `${rootfs}/proc`);
    const linked = await runtime.run(['true'], (config) => {
      config.root = { path: rootfs };
    });
    expect(linked.stderr).toContain('must be mounted on ordinary directory');
    for (const destination of ['/proc', '/proc/self/attr', '/proc/../proc', '//proc/sys']) {
      const { code, stderr } = await runtime.run(['true'], (config) => {
        config.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs' });
      });
      expect(stderr).toContain('cannot be mounted because it is');
      expect(code).toBe(1);
    }
  });

  test('run refuses a directory through a descriptor of the host (CVE-2024-21626)', async () => {
    for (const descriptor of [3, 4, 5, 6, 7, 8, 9]) {
      const { code } = await runtime.run(['true'], (config) => {
        config.process.cwd = `/proc/self/fd/${descriptor}`;
      });
      expect(code).toBe(1);
    }
  });

  test('run never lays devices where a link of the image points', async () => {
    const rootfs = runtime.scratch.join('dev-link');
    const target = runtime.scratch.join('dev-target');
    mkdirSync(rootfs);
    mkdirSync(target);
    writeFileSync(`${target}/ptmx`, 'mine');
    symlinkSync(target, `${rootfs}/dev`);
    await runtime.run(['/true'], (config) => {
      config.root = { path: rootfs };
      config.mounts = [{ destination: '/proc', type: 'proc', source: 'proc' }];
    });
    expect(readFileSync(`${target}/ptmx`, 'utf8')).toBe('mine');
    expect(existsSync(`${target}/null`)).toBe(false);
  });

  test('run refuses what it does not support by name', async () => {
    const { stderr } = await runtime.run(['true'], (config) => {
      config.linux.namespaces = [{ type: 'mount' }, { type: 'uts' }, { type: 'time' }];
    });
    expect(stderr).toContain('time namespaces are not supported');
  });
});

describe('runc-ts create, start, exec, kill, delete', () => {
  test('create waits for start, and the states follow', async () => {
    const path = runtime.bundle(shell('echo started; exec sleep 600'));
    const pidFile = runtime.scratch.join('pid');
    expect(await runtime.create(path, life, '--pid-file', pidFile)).toBe(0);
    const created = await runtime.state(life);
    expect(created.status).toBe('created');
    expect(readFileSync(pidFile, 'utf8')).toBe(String(created.pid));
    expect(runtime.output(life)).toBe('');
    expect((await runtime.call(['create', '-b', path, life])).stderr).toContain(
      'container with given ID already exists',
    );
    await runtime.must('start', life);
    await waitFor('the output', () => runtime.output(life) === 'started\n' || undefined);
    expect((await runtime.state(life)).status).toBe('running');
    expect((await runtime.call(['start', life])).stderr).toContain('cannot start an already running container');
    expect((await runtime.call(['delete', life])).code).toBe(1);
    await runtime.must('pause', life);
    expect((await runtime.state(life)).status).toBe('paused');
    expect((await runtime.call(['exec', life, 'true'])).code).toBe(255);
    await runtime.must('resume', life);
    expect(JSON.parse(await runtime.must('ps', '--format', 'json', life))).toEqual([created.pid]);
    await runtime.must('kill', life, 'KILL');
    await ended(life);
    expect((await runtime.call(['kill', life])).stderr).toContain('container not running');
    await runtime.must('delete', life);
    expect((await runtime.call(['state', life])).stderr).toContain('container does not exist');
  });

  test("exec runs in the container's namespaces and cgroups with the process it is given", async () => {
    const path = runtime.bundle(['sleep', '600']);
    expect(await runtime.create(path, inner)).toBe(0);
    await runtime.must('start', inner);
    const { pid } = await runtime.state(inner);
    const namespaces = (output: string): string[] =>
      output
        .trim()
        .split('\n')
        .map((line) => line.replace(/.*-> /, ''));
    const links = 'for n in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$n; done';
    const host = Bun.spawnSync([
      'sh',
      '-c',
      `for n in cgroup ipc mnt net pid uts; do readlink /proc/${pid}/ns/$n; done`,
    ]);
    expect(namespaces(await runtime.must('exec', inner, 'sh', '-c', links))).toEqual(
      namespaces(host.stdout.toString()),
    );
    // in the container's cgroup namespace its own cgroup is the root
    const groups = await runtime.must('exec', inner, 'cat', '/proc/self/cgroup');
    expect(
      groups
        .trim()
        .split('\n')
        .every((line) => line.endsWith(':/')),
    ).toBe(true);
    const options = [
      'exec',
      '-u',
      '1000:1000',
      '-e',
      'A=b',
      '--cwd',
      '/etc',
      inner,
      'sh',
      '-c',
      'id -u; echo $A $HOME; pwd; exit 9',
    ];
    const result = await runtime.call(options);
    expect(result.stderr).toBe('');
    expect(result.stdout).toBe('1000\nb /home/user\n/etc\n');
    expect(result.code).toBe(9);
    const missing = await runtime.call(['exec', inner, 'nosuch']);
    expect(missing.stderr).toContain(
      'exec failed: unable to start container process: exec: \\"nosuch\\": executable file not found in $PATH',
    );
    expect(missing.code).toBe(255);
    const pidFile = runtime.scratch.join('exec.pid');
    await runtime.silently('exec', '-d', '--pid-file', pidFile, inner, 'sleep', '600');
    expect((JSON.parse(await runtime.must('ps', '-f', 'json', inner)) as number[]).length).toBe(2);
    await runtime.must('delete', '--force', inner);
    expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8')}`)).toBe(false);
  });

  test('create sends the terminal over the console socket', async () => {
    const path = runtime.bundle(shell('tty; stty size; ls -l /dev/console | cut -c1'), (config) => {
      config.process.terminal = true;
      config.process.consoleSize = { height: 12, width: 34 };
    });
    const refused = await runtime.call(['create', '-b', path, unique('no-console')]);
    expect(refused.stderr).toContain('cannot allocate tty if runc will detach without setting console socket');
    const socket = runtime.scratch.join('tty.sock');
    const listener = listenConsoleSocket(socket);
    expect(await runtime.create(path, unique('tty'), '--console-socket', socket)).toBe(0);
    const master = receiveConsole(listener);
    await runtime.must('start', unique('tty'));
    await ended(unique('tty'));
    const buffer = Buffer.alloc(4096);
    let output = '';
    while (!output.includes('\nc\r')) output += buffer.toString('utf8', 0, readSync(master, buffer));
    expect(output).toBe('/dev/pts/0\r\n12 34\r\nc\r\n');
    closeSync(master);
    closeSync(listener);
    await runtime.must('delete', unique('tty'));
  });

  test('exec loads the filter of the container', async () => {
    const id = unique('filtered');
    const path = runtime.bundle(['sleep', '600'], (config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
      };
    });
    expect(await runtime.create(path, id)).toBe(0);
    await runtime.must('start', id);
    expect((await runtime.call(['exec', id, 'mkdir', '/x'])).stderr).toContain('Operation not supported');
    await runtime.must('delete', '-f', id);
  });

  test('start and delete of a container whose init has died leave nothing', async () => {
    const path = runtime.bundle(['true']);
    expect(await runtime.create(path, dead)).toBe(0);
    process.kill((await runtime.state(dead)).pid, 'SIGKILL');
    await ended(dead);
    expect((await runtime.call(['start', dead])).stderr).toContain('cannot start a container that has stopped');
    await runtime.must('delete', dead);
  });

  test('the init in waiting shows a sealed executable and no way to the host', async () => {
    const path = runtime.bundle(['true']);
    expect(await runtime.create(path, waiting)).toBe(0);
    const { pid } = await runtime.state(waiting);
    expect(Bun.spawnSync(['readlink', `/proc/${pid}/exe`]).stdout.toString()).toStartWith(
      '/memfd:runc-ts-init (deleted)',
    );
    expect(() => writeFileSync(`/proc/${pid}/exe`, 'x')).toThrow();
    expect(statSync(`/proc/${pid}/root/bin/busybox`).isFile()).toBe(true);
    expect((await runtime.call(['delete', waiting])).code).toBe(0);
  });
});

describe('hooks', () => {
  test('hooks run in order, each with the state on its standard input', async () => {
    const log = runtime.scratch.join('hooks');
    const hook = (name: string) => ({
      path: '/bin/sh',
      args: ['sh', '-c', `printf '%s\\n%s\\n' ${name} "$(cat)" >>${log}`],
    });
    writeFileSync(`${runtime.rootfs}/hook-log`, '');
    const { code } = await runtime.run(['true'], (config) => {
      config.mounts.push({ destination: log, type: 'bind', source: log, options: ['bind'] });
      writeFileSync(log, '');
      config.hooks = {
        prestart: [hook('prestart')],
        createRuntime: [hook('createRuntime')],
        createContainer: [hook('createContainer')],
        startContainer: [hook('startContainer')],
        poststart: [hook('poststart')],
        poststop: [hook('poststop')],
      };
    });
    expect(code).toBe(0);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const names = lines.filter((line) => !line.startsWith('{')).toSorted();
    expect(names).toEqual(['createContainer', 'createRuntime', 'poststart', 'poststop', 'prestart', 'startContainer']);
    expect(lines.filter((line) => !line.startsWith('{')).slice(0, 3)).toEqual([
      'prestart',
      'createRuntime',
      'createContainer',
    ]);
    const states = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { id: string; status: string });
    expect(states).toHaveLength(6);
    expect(new Set(states.map(({ id }) => id)).size).toBe(1);
    expect(states.at(-1)?.status).toBe('stopped');
  });

  test('a hook that fails or takes too long ends the creation', async () => {
    for (const name of ['prestart', 'createRuntime', 'createContainer'] as const) {
      const { code, stderr } = await runtime.run(['echo', 'never'], (config) => {
        config.hooks = { [name]: [{ path: '/bin/sh', args: ['sh', '-c', 'exit 3'] }] };
      });
      expect(stderr).toContain('exit status 3');
      expect(code).toBe(1);
    }
    const slow = await runtime.run(['echo', 'never'], (config) => {
      config.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] };
    });
    expect(slow.stderr).toContain('no end within 1 s');
    expect(slow.stdout).toBe('');
  });
});
