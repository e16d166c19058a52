/**
 * `npm run demo`: the stack on private sockets in a scratch folder, a tiny image imported, a container run through all four
 * programs with its output live, a table of who did what, everything cleaned up. Ends with 0 when all of that went well.
 */
import { readFileSync } from 'node:fs';
import { failedPrecondition, notFound } from '@docker-ts/base/errors';
import { mustRun, waitFor } from '@docker-ts/testkit/command';
import { programImage } from '@docker-ts/testkit/image-archive';
import { settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';
import { ourPrograms, repositoryRoot } from '@docker-ts/testkit/programs';
import { Stack } from '@docker-ts/testkit/stack';

interface Deed {
  readonly program: string;
  readonly pid: string;
  readonly startedBy: string;
  readonly what: string;
}

const begin = performance.now();
const say = (text: string): void =>
  console.log(`[${((performance.now() - begin) / 1000).toFixed(2).padStart(5)} s] ${text}`);

/** The pid of the parent: field 4 of /proc/PID/stat, behind the name in brackets (proc_pid_stat(5)). */
function parentOf(pid: string): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? '';
}

async function compileHello(stack: Stack): Promise<Uint8Array> {
  const output = stack.scratch.join('hello');
  await mustRun(['gcc', '-static', '-Os', '-s', '-o', output, `${repositoryRoot}/e2e/demo/hello.c`]);
  return new Uint8Array(await Bun.file(output).arrayBuffer());
}

/** Runs the container in the foreground; answers its exit code and, asked while it ran, its pid and its shim's. */
async function runHello(stack: Stack): Promise<{ code: number; pid: string; shim: string; fileSystem: string }> {
  const child = Bun.spawn(['docker', 'run', '--name', 'hello', 'hello'], {
    env: { ...process.env, ...stack.env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const shown = (async () => {
    let rest = '';
    for await (const chunk of child.stdout) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) say(`    │ ${line}`);
    }
  })();
  const pid = await waitFor('the container to run', async () => {
    const found = (await stack.docker(['inspect', '-f', '{{.State.Pid}}', 'hello'])).stdout.trim();
    return Number(found) > 0 ? found : undefined;
  });
  const shim = parentOf(pid);
  const fileSystem = /^\S+ \/ (\S+)/m.exec(readFileSync(`/proc/${pid}/mounts`, 'utf8'))?.[1] ?? '';
  const code = await child.exited;
  await shown;
  return { code, pid, shim, fileSystem };
}

/** The shim logs each command of the runtime; containerd copies that log into its own. */
function runtimeDeeds(lines: readonly string[], shim: string): Deed[] {
  return lines.flatMap((line): Deed[] => {
    const match = /runtime (\w+): pid (\d+), ([\d.]+) ms/.exec(line);
    if (match === null) return [];
    const [, verb = '', pid = '', ms = ''] = match;
    return [{ program: 'runc-ts', pid, startedBy: shim, what: `${verb}, in ${Number(ms).toFixed(1)} ms, and gone` }];
  });
}

function printTable(deeds: readonly Deed[]): void {
  const header: Deed = { program: 'PROGRAM', pid: 'PID', startedBy: 'STARTED BY', what: 'WHAT IT DID' };
  for (const deed of [header, ...deeds]) {
    console.log(`  ${deed.program.padEnd(28)}${deed.pid.padEnd(9)}${deed.startedBy.padEnd(12)}${deed.what}`);
  }
}

/** Runs it all; answers the words by which anything that it left behind would be known. */
async function demo(): Promise<string[]> {
  const lines: string[] = [];
  await using stack = await Stack.open({
    programs: ourPrograms(),
    logLevel: 'debug',
    onLine: (_, line) => lines.push(line),
  });
  say(
    `the stack is up in ${stack.scratch.path}: dockerd-ts ${stack.dockerd.pid}, containerd-ts ${stack.containerd.pid}`,
  );

  const archive = programImage('hello:latest', 'hello', await compileHello(stack));
  await stack.mustDocker(['load'], { stdin: archive.tar });
  say(`image hello:latest is loaded, ${(archive.tar.length / 1024).toFixed(0)} KiB: ${archive.id.slice(7, 19)}`);

  say('docker run hello:');
  const started = performance.now();
  const { code, pid, shim, fileSystem } = await runHello(stack);
  say(`the container ended with ${code}`);
  if (code !== 0) throw failedPrecondition(`the container ended with ${code}: ${lines.slice(-20).join('\n')}`);
  const runtime = runtimeDeeds(lines, shim);
  if (runtime.length === 0) throw notFound('the shim logged no command of the runtime');

  const self = String(process.pid);
  console.log('');
  printTable([
    {
      program: 'docker run',
      pid: '',
      startedBy: self,
      what: `the real client: ${((performance.now() - started) / 1000).toFixed(2)} s in all`,
    },
    {
      program: 'dockerd-ts',
      pid: String(stack.dockerd.pid),
      startedBy: self,
      what: 'Engine API: record, network, log reading, wait',
    },
    {
      program: 'containerd-ts',
      pid: String(stack.containerd.pid),
      startedBy: self,
      what: 'content, snapshot, container, task, events',
    },
    {
      program: 'containerd-shim-runc-ts-v2',
      pid: shim,
      startedBy: String(stack.containerd.pid),
      what: "the container's parent: stdio, log, exit status",
    },
    ...runtime,
    { program: 'hello', pid, startedBy: shim, what: `the container, on ${fileSystem}; pid 1 inside` },
  ]);
  console.log('');
  const id = await stack.mustDocker(['inspect', '-f', '{{.Id}}', 'hello']);
  await stack.mustDocker(['rm', 'hello']);
  say('taking the stack down …');
  return [stack.scratch.path, stack.bridge, id];
}

const before = takeCensus();
const words = await demo();
// the machine may be busy with other containers: what counts is ours
const leaks = (await settleLeaks(before)).filter((leak) => words.some((word) => leak.includes(word)));
if (leaks.length > 0) throw failedPrecondition(`left on this machine: ${leaks.join(', ')}`);
say('nothing is left on this machine.');
