/** `docker run` in its usual forms, by the real client. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { waitFor } from '@docker-ts/testkit/command';
import { Stack } from '@docker-ts/testkit/stack';
import { importBusybox } from './busybox.ts';
import { Terminal } from './terminal.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.open();
  await importBusybox(stack);
}, 60_000);

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
}, 60_000);

/** `docker run --rm --network none FLAGS busybox COMMAND`, its standard output. */
const run = (flags: string[], command: string[]): Promise<string> =>
  stack.mustDocker(['run', '--rm', '--network', 'none', ...flags, 'busybox', ...command]);

/** The same, however it ends. */
const tryRun = (flags: string[], command: string[]) =>
  stack.docker(['run', '--rm', '--network', 'none', ...flags, 'busybox', ...command]);

describe('docker run: streams', () => {
  test('docker run passes output, error output and the exit code through', async () => {
    const result = await tryRun([], ['sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(result).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('docker run without a command runs the CMD of the image and with --entrypoint something else', async () => {
    const input = { stdin: 'echo from $0\n' };
    expect(await stack.mustDocker(['run', '--rm', '-i', '--network', 'none', 'busybox'], input)).toBe('from sh');
    expect(await run(['--entrypoint', '/bin/echo'], ['-n', 'x'])).toBe('x');
  });

  test('docker run -i carries standard input to its end, byte by byte', async () => {
    const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 7919) & 0xff);
    const expected = new Bun.CryptoHasher('md5').update(bytes).digest('hex');
    const command = ['run', '-i', '--rm', '--network', 'none', 'busybox', 'md5sum'];
    expect(await stack.mustDocker(command, { stdin: bytes })).toBe(`${expected}  -`);
  });

  test('docker run -i ends with an input that is empty or one byte long', async () => {
    for (const stdin of ['', 'x', '', 'x']) {
      expect(await stack.mustDocker(['run', '-i', '--rm', '--network', 'none', 'busybox', 'cat'], { stdin })).toBe(
        stdin,
      );
    }
  });

  test('docker run loses nothing of a large output', async () => {
    const output = await run([], ['sh', '-c', 'seq 1 400000 | md5sum; seq 1 400000']);
    const newline = output.indexOf('\n');
    const rest = new Bun.CryptoHasher('md5').update(`${output.slice(newline + 1)}\n`).digest('hex');
    expect(output.slice(0, newline)).toBe(`${rest}  -`);
  });

  test('docker run -it gives a terminal of the right size', async () => {
    await using terminal = new Terminal(['docker', 'run', '-it', '--rm', 'busybox', 'sh'], stack.env);
    await terminal.see(/# /);
    await terminal.type('test -t 0 && echo is-a-$((1+1))-tty\r');
    await terminal.see(/is-a-2-tty/);
    await terminal.type('stty size\r');
    await terminal.see(/31 101\r/);
    await terminal.type('exit 5\r');
    expect(await terminal.ended()).toBe(5);
  });

  test('docker run -it leaves on the detach keys and the container runs on', async () => {
    await using terminal = new Terminal(['docker', 'run', '-it', '--name', 'detached', 'busybox', 'sh'], stack.env);
    await terminal.see(/# /);
    await terminal.type('\x10\x11');
    await terminal.ended();
    expect(await stack.mustDocker(['inspect', '-f', '{{.State.Running}}', 'detached'])).toBe('true');
    await stack.mustDocker(['rm', '-f', 'detached']);
  });

  test('docker run -d prints the id, and logs, wait, ps and rm work on it', async () => {
    const script = 'echo one; echo two; exit 3';
    const id = await stack.mustDocker(['run', '-d', '--name', 'quick', 'busybox', 'sh', '-c', script]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await stack.mustDocker(['wait', 'quick'])).toBe('3');
    expect(await stack.mustDocker(['logs', 'quick'])).toBe('one\ntwo');
    const status = await stack.mustDocker(['ps', '-a', '--filter', 'name=quick', '--format', '{{.Status}}']);
    expect(status).toMatch(/^Exited \(3\)/);
    expect(await stack.mustDocker(['rm', 'quick'])).toBe('quick');
    expect((await stack.docker(['inspect', 'quick'])).stderr.toLowerCase()).toContain('no such object: quick');
  });
});

describe('docker run: the process', () => {
  test('docker run -e, --env-file and -w set environment and working directory', async () => {
    const file = stack.scratch.join('env');
    writeFileSync(file, 'FROM_FILE=yes\n# comment\n');
    const flags = ['-e', 'A=1', '-e', 'NOT_SET_OUTSIDE', '--env-file', file, '-w', '/made/for/it'];
    const lines = (await run(flags, ['sh', '-c', 'env; pwd'])).split('\n');
    expect(lines).toContain('A=1');
    expect(lines).toContain('FROM_FILE=yes');
    expect(lines).toContain('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
    expect(lines).toContain('HOME=/root');
    expect(lines.at(-1)).toBe('/made/for/it');
  });

  test('docker run -u takes a name, numbers and a group, and brings the supplementary groups', async () => {
    expect(await run(['-u', 'ada'], ['id'])).toBe('uid=1815(ada) gid=1815(ada) groups=1815(ada),1833(engine)');
    expect(await run(['-u', '7:9'], ['sh', '-c', 'id -u; id -g'])).toBe('7\n9');
    const unknown = await tryRun(['-u', 'nobody-here'], ['true']);
    expect(unknown.stderr).toContain('unable to find user nobody-here: no matching entries in passwd file');
    expect(unknown.code).toBe(125);
  });

  test('docker run --hostname names the container, and without it the short id does', async () => {
    expect(await run(['--hostname', 'babbage'], ['hostname'])).toBe('babbage');
    const id = await stack.mustDocker(['run', '-d', '--name', 'named', 'busybox', 'hostname']);
    await stack.mustDocker(['wait', 'named']);
    expect(await stack.mustDocker(['logs', 'named'])).toBe(id.slice(0, 12));
    await stack.mustDocker(['rm', 'named']);
  });

  test('docker run --init puts an init at pid 1 that reaps and passes the exit code on', async () => {
    const script = 'cat /proc/1/comm; (sleep 0.1 &); sleep 0.4; ls /proc | grep -c "^[0-9]"';
    const [first, processes] = (await run(['--init'], ['sh', '-c', script])).split('\n');
    expect(first).toBe('docker-init');
    expect(Number(processes)).toBeLessThanOrEqual(5);
    expect((await tryRun(['--init'], ['sh', '-c', 'exit 9'])).code).toBe(9);
  });

  test('docker run gives 125 for the daemon, 126 for what cannot be run and 127 for what is not there', async () => {
    const missing = await tryRun([], ['no-such-command']);
    expect(missing.stderr).toContain('exec: "no-such-command": executable file not found in $PATH');
    expect(missing.code).toBe(127);
    const denied = await tryRun([], ['/etc/not-executable']);
    expect(denied.stderr).toContain('permission denied');
    expect(denied.code).toBe(126);
    const noImage = await stack.docker(['run', '--rm', '--pull', 'never', 'no-such-image', 'true']);
    expect(noImage.stderr).toContain('No such image: no-such-image:latest');
    expect(noImage.code).toBe(125);
    expect((await stack.docker(['run', '--no-such-flag', 'busybox'])).code).toBe(125);
    expect(await stack.mustDocker(['ps', '-aq'])).toBe('');
  });

  test('docker kill delivers signals, and death by one is 128 and its number', async () => {
    const script = 'trap "echo got USR1; exit 4" USR1; echo up; while :; do sleep 0.05; done';
    await stack.mustDocker(['run', '-d', '--name', 'trapper', 'busybox', 'sh', '-c', script]);
    await waitFor('the trap', async () => (await stack.mustDocker(['logs', 'trapper'])) === 'up');
    await stack.mustDocker(['kill', '-s', 'USR1', 'trapper']);
    expect(await stack.mustDocker(['wait', 'trapper'])).toBe('4');
    expect(await stack.mustDocker(['logs', 'trapper'])).toBe('up\ngot USR1');
    await stack.mustDocker(['rm', 'trapper']);
    await stack.mustDocker(['run', '-d', '--name', 'victim', 'busybox', 'sleep', '600']);
    await stack.mustDocker(['kill', 'victim']);
    expect(await stack.mustDocker(['wait', 'victim'])).toBe('137');
    await stack.mustDocker(['rm', 'victim']);
  });

  test('docker run in the foreground passes the signals it gets on to the container', async () => {
    const script = 'trap "echo told; exit 6" TERM; echo up; while :; do sleep 0.05; done';
    const child = Bun.spawn(['docker', 'run', '--rm', '--name', 'front', 'busybox', 'sh', '-c', script], {
      env: { ...process.env, ...stack.env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    await waitFor('the trap', async () => (await stack.docker(['logs', 'front'])).stdout === 'up\n');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(6);
    expect(await new Response(child.stdout).text()).toBe('up\ntold\n');
  });

  test('docker run --restart on-failure starts again as often as asked', async () => {
    const command = ['sh', '-c', 'echo try; exit 1'];
    await stack.mustDocker(['run', '-d', '--name', 'again', '--restart', 'on-failure:2', 'busybox', ...command]);
    const format = '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}';
    await waitFor(
      'the last try',
      async () => (await stack.mustDocker(['inspect', '-f', format, 'again'])) === '2 exited 1',
    );
    expect(await stack.mustDocker(['logs', 'again'])).toBe('try\ntry\ntry');
    await stack.mustDocker(['rm', 'again']);
  });
});

describe('docker run: file systems', () => {
  test('docker run -v and --mount bind folders, read-only where asked', async () => {
    const folder = stack.scratch.join('bound');
    mkdirSync(folder);
    await run(['-v', `${folder}:/data`], ['sh', '-c', 'echo from inside >/data/file']);
    expect(readFileSync(`${folder}/file`, 'utf8')).toBe('from inside\n');
    const denied = await tryRun(['-v', `${folder}:/data:ro`], ['touch', '/data/x']);
    expect(denied.stderr).toContain('Read-only file system');
    expect(denied.code).toBe(1);
    expect(await run(['--mount', `type=bind,src=${folder},dst=/data,readonly`], ['cat', '/data/file'])).toBe(
      'from inside',
    );
    const missing = await tryRun(['--mount', 'type=bind,src=/no/such/folder,dst=/x'], ['true']);
    expect(missing.stderr).toContain('bind source path does not exist: /no/such/folder');
    expect(missing.code).toBe(125);
    await run(['-v', `${folder}/made:/x`], ['true']);
    expect(statSync(`${folder}/made`).isDirectory()).toBe(true);
  });

  test('docker run --tmpfs and --mount type=tmpfs give a writable file system in memory', async () => {
    const flags = ['--read-only', '--tmpfs', '/t:size=1m,noexec', '--mount', 'type=tmpfs,dst=/m'];
    const mounts = await run(flags, ['sh', '-c', 'touch /t/a /m/b && grep -E " /(t|m) " /proc/mounts']);
    expect(mounts).toMatch(/tmpfs \/t tmpfs \S*noexec\S*size=1024k/);
    expect(mounts).toMatch(/tmpfs \/m tmpfs /);
  });

  test('docker run --read-only refuses writes to the root file system', async () => {
    const result = await tryRun(['--read-only'], ['touch', '/x']);
    expect(result.stderr).toContain('Read-only file system');
    expect(result.code).toBe(1);
  });

  test('docker run gives every container a file system of its own over the shared image', async () => {
    expect(await run([], ['sh', '-c', 'rm /bin/true /etc/passwd; echo x >/etc/new; ls /etc/new'])).toBe('/etc/new');
    expect(await run([], ['sh', '-c', 'true && test ! -e /etc/new && head -c 4 /etc/passwd'])).toBe('root');
  });
});

describe('docker run: limits and rights', () => {
  test('docker run sets the default capabilities, and --cap-add, --cap-drop and --privileged change them', async () => {
    const effective = ['sh', '-c', 'grep CapEff /proc/self/status'];
    expect(await run([], effective)).toBe('CapEff:\t00000000a80425fb');
    expect(await run(['--cap-drop', 'ALL'], effective)).toBe('CapEff:\t0000000000000000');
    expect(await run(['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'], effective)).toBe('CapEff:\t0000000000001000');
    const own = /CapBnd:\t(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect(await run(['--privileged'], effective)).toBe(`CapEff:\t${own}`);
    const wrong = await tryRun(['--cap-add', 'FLYING'], ['true']);
    expect(wrong.stderr).toContain('invalid CapAdd: unknown capability: "CAP_FLYING"');
    expect(wrong.code).toBe(125);
  });

  test('docker run filters system calls, and --security-opt changes that and no_new_privs', async () => {
    const status = ['sh', '-c', 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status'];
    expect(await run([], status)).toBe('NoNewPrivs:\t0\nSeccomp:\t2');
    expect(await run(['--security-opt', 'seccomp=unconfined'], status)).toBe('NoNewPrivs:\t0\nSeccomp:\t0');
    expect(await run(['--security-opt', 'no-new-privileges'], status)).toBe('NoNewPrivs:\t1\nSeccomp:\t2');
    expect((await tryRun([], ['unshare', '-U', 'true'])).stderr).toContain('Operation not permitted');
  });

  test('docker run --memory, --cpus and --pids-limit reach the control groups', async () => {
    const limits = ['--memory', '32m', '--cpus', '0.5', '--pids-limit', '20'];
    await stack.mustDocker(['run', '-d', '--name', 'limited', ...limits, 'busybox', 'sleep', '600']);
    const pid = await stack.mustDocker(['inspect', '-f', '{{.State.Pid}}', 'limited']);
    const groups = new Map(
      readFileSync(`/proc/${pid}/cgroup`, 'utf8')
        .trim()
        .split('\n')
        .map((line): [string, string] => {
          const [, controllers = '', path = ''] = line.split(':');
          return [controllers, path];
        }),
    );
    const pure = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const value = (controller: string, v1: string, v2: string): string => {
      const file = pure ? `${groups.get('')}/${v2}` : `/${controller}${groups.get(controller)}/${v1}`;
      return readFileSync(`/sys/fs/cgroup${file}`, 'utf8').trim();
    };
    expect(value('memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(32 * 1024 * 1024));
    expect(value('cpu', 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0]).toBe('50000');
    expect(value('pids', 'pids.max', 'pids.max')).toBe('20');
    await stack.mustDocker(['rm', '-f', 'limited']);
    const tooSmall = await tryRun(['--memory', '1m'], ['true']);
    expect(tooSmall.stderr).toContain('Minimum memory limit allowed is 6MB');
    expect(tooSmall.code).toBe(125);
  });

  test('docker inspect tells of a container that ran out of memory', async () => {
    const flags = ['--name', 'hungry', '--network', 'none', '--memory', '16m', '--memory-swap', '16m'];
    const result = await stack.docker([
      'run',
      ...flags,
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=100M',
      'count=1',
    ]);
    expect(result.code).toBe(137);
    expect(await stack.mustDocker(['inspect', '-f', '{{.State.OOMKilled}}', 'hungry'])).toBe('true');
    await stack.mustDocker(['rm', 'hungry']);
  });

  test('docker run --ulimit sets limits', async () => {
    expect(await run(['--ulimit', 'nofile=64:128'], ['sh', '-c', 'ulimit -Sn; ulimit -Hn'])).toBe('64\n128');
  });
});

describe('docker run: networks', () => {
  test('docker run on the bridge gives an address, a default route and a way to the host', async () => {
    const output = await stack.mustDocker(['run', '--rm', 'busybox', 'sh', '-c', 'ip -4 addr show eth0; ip route']);
    expect(output).toMatch(/inet 172\.\d+\.\d+\.\d+\/16/);
    const gateway = /default via (\S+) dev eth0/.exec(output)?.[1];
    expect(gateway).toMatch(/^172\./);
    await stack.mustDocker(['run', '--rm', 'busybox', 'ping', '-c', '1', '-W', '5', gateway ?? '']);
  });

  test('docker run lets two containers on the bridge talk', async () => {
    await stack.mustDocker([
      'run',
      '-d',
      '--name',
      'server',
      'busybox',
      'nc',
      '-l',
      '-p',
      '7000',
      '-e',
      'echo',
      'served',
    ]);
    const address = await stack.mustDocker([
      'inspect',
      '-f',
      '{{.NetworkSettings.Networks.bridge.IPAddress}}',
      'server',
    ]);
    const client = [
      'sh',
      '-c',
      `for i in $(seq 50); do nc ${address} 7000 </dev/null && exit 0; sleep 0.1; done; exit 1`,
    ];
    expect(await stack.mustDocker(['run', '--rm', 'busybox', ...client])).toBe('served');
    await stack.mustDocker(['rm', '-f', 'server']);
  });

  test('docker run --network none has loopback alone, and host has the host', async () => {
    expect(await run([], ['ls', '/sys/class/net'])).toBe('lo');
    const host = await stack.mustDocker([
      'run',
      '--rm',
      '--network',
      'host',
      'busybox',
      'readlink',
      '/proc/self/ns/net',
    ]);
    expect(host).toBe(readlinkSync(`/proc/${stack.containerd.pid}/ns/net`));
  });
});
