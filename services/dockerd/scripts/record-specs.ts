/**
 * Records what the original dockerd makes of `docker create` command lines: the request as the CLI sent it, the container as
 * `inspect` shows it, and the OCI runtime spec that containerd was given. The spec builder's golden tests read the result.
 *
 *     bun run services/dockerd/scripts/record-specs.ts DOCKER_SOCKET CONTAINERD_STATE OUT.json
 *
 * DOCKER_SOCKET is the original's API socket, CONTAINERD_STATE the state folder of the containerd behind it. The image
 * `golden:latest` is imported for the time of the recording (busybox, a passwd and a group file, defaults worth merging).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [socketPath = '', statePath = '', outPath = ''] = process.argv.slice(2);

/** Each case: a name and the words between `docker create` and the image; then the image and the command. `@` is a scratch folder. */
const cases: Readonly<Record<string, string>> = {
  plain: 'busybox sleep 100',
  terminal: '-it busybox sleep 100',
  'image defaults': 'golden',
  'entrypoint replaced': '--entrypoint sleep golden 77',
  'entrypoint cleared': '--entrypoint= golden sleep 77',
  environment: '-e A=1 -e PATH=/bin -e HOME=/x busybox sleep 100',
  workdir: '-w /made/here/../there busybox sleep 100',
  'user by name': '-u bob golden',
  'user by number': '-u 1234 golden',
  'user and group': '-u bob:staff golden',
  'user and group numbers': '-u 1000:0 golden',
  'group-add': '-u bob --group-add audio --group-add 777 golden',
  'root of the image': '-u root golden',
  hostname: '--hostname myhost --domainname example.org busybox sleep 100',
  'read-only': '--read-only -v @:/data -v @:/ro:ro --tmpfs /scratch busybox sleep 100',
  binds: '-v @:/a -v @:/b:ro -v @:/c/d:ro,rprivate -v @:/c:z busybox sleep 100',
  'bind mounts':
    '--mount type=bind,src=@,dst=/a --mount type=bind,src=@,dst=/b,readonly --mount type=bind,src=@,dst=/c,bind-recursive=disabled --mount type=bind,src=@,dst=/d,readonly,bind-recursive=writable busybox sleep 100',
  tmpfs:
    '--tmpfs /a --tmpfs /b:size=1m,mode=700,exec --tmpfs /c:rw,nosuid,suid --mount type=tmpfs,dst=/d,tmpfs-size=2m,tmpfs-mode=1770 --mount type=tmpfs,dst=/e,readonly busybox sleep 100',
  'bind over /dev/shm and /proc/x': '-v @:/dev/shm busybox sleep 100',
  'bind over /etc/hosts': '-v @/file:/etc/hosts:ro busybox sleep 100',
  privileged: '--privileged busybox sleep 100',
  'privileged, unconfined': '--privileged --cap-drop ALL --security-opt seccomp=unconfined busybox sleep 100',
  'cap-add': '--cap-add sys_admin --cap-add CAP_NET_ADMIN --cap-drop mknod busybox sleep 100',
  'cap-add ALL': '--cap-add ALL --cap-drop SYS_TIME busybox sleep 100',
  'cap-drop ALL': '--cap-drop ALL --cap-add CHOWN busybox sleep 100',
  'cap-add SYS_PTRACE':
    '--cap-add SYS_PTRACE --cap-add SYSLOG --cap-add BPF --cap-add PERFMON --cap-add SYS_NICE busybox sleep 100',
  'cap-add rest':
    '--cap-add DAC_READ_SEARCH --cap-add SYS_BOOT --cap-add SYS_MODULE --cap-add SYS_PACCT --cap-add SYS_RAWIO --cap-add SYS_TIME --cap-add SYS_TTY_CONFIG --cap-add AUDIT_READ --cap-drop SYS_CHROOT busybox sleep 100',
  'user without capabilities': '-u 1000 --security-opt no-new-privileges busybox sleep 100',
  'no-new-privileges false': '--security-opt no-new-privileges=false busybox sleep 100',
  'seccomp unconfined': '--security-opt seccomp=unconfined busybox sleep 100',
  'seccomp profile': '--security-opt seccomp=@/seccomp.json busybox sleep 100',
  memory: '--memory 64m --memory-reservation 32m --memory-swappiness 10 --oom-score-adj 300 busybox sleep 100',
  'memory and swap': '--memory 64m --memory-swap 96m --oom-kill-disable busybox sleep 100',
  cpus: '--cpus 1.5 --cpu-shares 512 --cpuset-cpus 0-1 --cpuset-mems 0 busybox sleep 100',
  'cpu quota': '--cpu-quota 50000 --cpu-period 200000 busybox sleep 100',
  pids: '--pids-limit 55 busybox sleep 100',
  'pids unlimited': '--pids-limit 0 busybox sleep 100',
  blkio: '--blkio-weight 300 --device-read-bps /dev/vda:1mb --device-write-iops /dev/vda:100 busybox sleep 100',
  devices: '--device /dev/null:/dev/mynull:r --device /dev/fuse --device-cgroup-rule "c 10:* rwm" busybox sleep 100',
  ulimits: '--ulimit nofile=512:1024 --ulimit core=0 busybox sleep 100',
  sysctls: '--sysctl net.ipv4.ip_forward=1 --sysctl net.ipv4.ping_group_range=0\\ 5 busybox sleep 100',
  'shm-size': '--shm-size 1m busybox sleep 100',
  'cgroup-parent': '--cgroup-parent /goldens busybox sleep 100',
  'host namespaces': '--ipc host --pid host --uts host --network host busybox sleep 100',
  'ipc none': '--ipc none busybox sleep 100',
  'ipc shareable': '--ipc shareable busybox sleep 100',
  'cgroupns private': '--cgroupns private busybox sleep 100',
  'network none': '--network none busybox sleep 100',
  annotation: '--annotation a.b=c busybox sleep 100',
};

const passwd = 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000:Bob:/home/bob:/bin/sh\n';
const group = 'root:x:0:\nstaff:x:50:bob\naudio:x:63:bob,root\nbob:x:1000:\n';
const seccompText = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
  syscalls: [
    { names: ['acct', 'swapon'], action: 'SCMP_ACT_ERRNO', errnoRet: 5, excludes: { caps: ['CAP_SYS_PACCT'] } },
    {
      name: 'personality',
      action: 'SCMP_ACT_LOG',
      args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }],
      includes: { minKernel: '4.8' },
    },
    { names: ['bpf'], action: 'SCMP_ACT_ERRNO', comment: 'needs CAP_BPF', includes: { caps: ['CAP_BPF'] } },
  ],
});

/** A proxy in front of the original that keeps the body of the last create request. */
function recordingProxy(path: string): { readonly lastCreate: () => unknown; readonly close: () => void } {
  let last: unknown;
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      if (incoming.url?.includes('/containers/create') === true) last = JSON.parse(body.toString());
      const onward = request(
        { socketPath, path: incoming.url, method: incoming.method, headers: incoming.headers },
        (reply) => {
          answer.writeHead(reply.statusCode ?? 500, reply.headers);
          reply.pipe(answer);
        },
      );
      onward.end(body);
    });
  });
  server.listen(path);
  return { lastCreate: () => last, close: () => server.close() };
}

const run = (args: readonly string[], host: string, input?: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = Bun.spawn(['docker', '-H', `unix://${host}`, ...args], { stdin: input ?? 'ignore', stderr: 'pipe' });
    void Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]).then(
      ([out, error, code]) =>
        code === 0 ? resolve(out.trim()) : reject(new Error(`docker ${args.join(' ')}: ${error}`)),
    );
  });

async function importGoldenImage(scratch: string): Promise<void> {
  const root = join(scratch, 'rootfs');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'etc'));
  copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const applet of ['sh', 'sleep']) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), passwd);
  writeFileSync(join(root, 'etc/group'), group);
  const tar = spawnSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1 << 26 }).stdout;
  const changes = [
    'ENV COLOR=blue A=image',
    'USER bob',
    'WORKDIR /srv',
    'ENTRYPOINT ["sleep"]',
    'CMD ["66"]',
    'STOPSIGNAL SIGQUIT',
  ];
  await run(['import', ...changes.flatMap((change) => ['-c', change]), '-', 'golden:latest'], socketPath, tar);
}

interface Spec {
  linux?: { seccomp?: unknown };
}

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'docker-ts-goldens-'));
  const bind = join(scratch, 'bind');
  mkdirSync(bind);
  writeFileSync(join(bind, 'file'), '');
  writeFileSync(join(bind, 'seccomp.json'), seccompText);
  const proxyPath = join(scratch, 'proxy.sock');
  const proxy = recordingProxy(proxyPath);
  const profiles: Record<string, unknown> = {};
  const records: unknown[] = [];
  await importGoldenImage(scratch);
  for (const [name, line] of Object.entries(cases)) {
    const words = (line.match(/(?:[^\s"\\]|\\.|"[^"]*")+/g) ?? []).map((word) =>
      word.replaceAll('"', '').replaceAll('\\', '').replaceAll('@', bind),
    );
    let id = '';
    try {
      id = (await run(['create', ...words], proxyPath)).split('\n').at(-1) ?? '';
      await run(['start', id], proxyPath);
      const [inspect] = JSON.parse(await run(['inspect', id], socketPath)) as Record<string, unknown>[];
      const spec = JSON.parse(
        readFileSync(join(statePath, 'io.containerd.runtime.v2.task/moby', id, 'config.json'), 'utf8'),
      ) as Spec;
      if (spec.linux?.seccomp !== undefined) {
        const text = JSON.stringify(spec.linux.seccomp);
        const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
        profiles[digest] = spec.linux.seccomp;
        spec.linux.seccomp = digest;
      }
      const { Path, Args, Config, HostConfig, Mounts } = inspect ?? {};
      records.push(
        JSON.parse(
          JSON.stringify({
            name,
            line,
            request: proxy.lastCreate(),
            inspect: { Path, Args, Config, HostConfig, Mounts },
            spec,
          })
            .replaceAll(id, '{id}')
            .replaceAll(id.slice(0, 12), '{id12}')
            .replaceAll(bind, '/bind'),
        ),
      );
    } catch (error) {
      console.error(`${name}: ${String(error)}`);
    }
    if (id !== '') await run(['rm', '-f', id], socketPath);
  }
  await run(['rmi', 'golden:latest'], socketPath);
  proxy.close();
  const lines = (values: readonly string[]): string => values.join(',\n');
  const recordLines = lines(records.map((record) => JSON.stringify(record)));
  const profileLines = lines(Object.entries(profiles).map(([key, profile]) => `"${key}":${JSON.stringify(profile)}`));
  writeFileSync(outPath, `{"records":[\n${recordLines}\n],"profiles":{\n${profileLines}\n}}\n`);
  rmSync(scratch, { recursive: true });
  console.log(`${records.length} of ${Object.keys(cases).length} recorded`);
}

void main();
