/** `GET /containers/x/top`: the host's ps(1), narrowed to the container's processes, as the original does. */
import { conflict, internal, unknown } from '@docker-ts/base/errors';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';

export interface ProcessTable {
  readonly Processes: readonly (readonly string[])[];
  readonly Titles: readonly string[];
}

const defaultPsArguments = '-ef';

/** conflict unless it runs; `psArguments` are ps's own. */
export async function listProcesses(
  context: DomainContext,
  container: Container,
  psArguments: string,
): Promise<ProcessTable> {
  container.requireRunning();
  if (container.state.status === 'restarting')
    throw conflict(`Container ${container.id} is restarting, wait until the container is running`);
  const { processes } = await context.containerd.tasks.listPids({ containerId: container.id });
  const pids = new Set(processes.map(({ pid }) => String(pid)));
  const output = await runPs((psArguments || defaultPsArguments).split(/\s+/).filter(Boolean));
  publish(context, container, 'top');
  return selectProcesses(output, pids);
}

/** No shell is involved: the client's words are ps's arguments and nothing else. */
async function runPs(parameters: readonly string[]): Promise<string> {
  const child = Bun.spawn(['ps', ...parameters], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw unknown(`ps: ${(stderr.split('\n')[0] || `exited with ${status}`).trim()}`);
  return stdout;
}

/** Rows of ps whose PID is wanted; the last column may hold spaces. */
export function selectProcesses(output: string, pids: ReadonlySet<string>): ProcessTable {
  const [head = '', ...rows] = output.split('\n');
  const titles = head.split(/\s+/).filter(Boolean);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw internal(`Couldn't find PID field in ps output`);
  const processes = rows
    .map((row) => splitRow(row, titles.length))
    .filter((columns) => pids.has(columns[pidColumn] ?? ''));
  return { Processes: processes, Titles: titles };
}

function splitRow(row: string, count: number): string[] {
  const words = row.split(/\s+/).filter(Boolean);
  return words.length <= count ? words : [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}
