/** `state`, `list`, `ps`: what there is. */
import { isCode } from '@docker-ts/base/errors';
import { writeText } from '@docker-ts/linux/standard-stream';
import { type Command, formatOf, type Globals, idOf, jsonFormatOption } from '../cli/command.ts';
import { Container } from '../container/container.ts';
import { listContainerIds } from '../container/state-directory.ts';

/** runc's document, in its order. */
function describe(container: Container): Record<string, unknown> {
  const status = container.status();
  const { config, created } = container.state;
  const { annotations, ...runtime } = container.runtimeState(status);
  return {
    ociVersion: runtime.ociVersion,
    id: runtime.id,
    pid: runtime.pid,
    status,
    bundle: runtime.bundle,
    rootfs: config.rootfs,
    created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: '',
  };
}

/** Columns as Go's tabwriter makes them: at least 12 wide, 3 apart. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(9, ...rows.map((row) => (row[column] ?? '').length)) + 3);
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

export const stateCommand: Command = {
  name: 'state',
  usage: '<container-id>',
  about: 'output the state of a container',
  options: [],
  arity: [1, 1],
  run: (invocation) => {
    const container = Container.load(invocation.globals.root, idOf(invocation));
    writeText(1, `${JSON.stringify(describe(container), null, 2)}\n`);
    return 0;
  },
};

/** `state` leaves the owner empty, as runc does. Containers are root's; another owner is told by number. */
function ownerName(uid: number): string {
  return uid === 0 ? 'root' : String(uid);
}

/** A container that goes away meanwhile is not there. */
function loadAll({ root }: Globals): Container[] {
  return listContainerIds(root).flatMap((id) => {
    try {
      return [Container.load(root, id)];
    } catch (error) {
      if (isCode(error, 'not_found')) return [];
      throw error;
    }
  });
}

export const listCommand: Command = {
  name: 'list',
  usage: '',
  about: 'lists containers started by runc-ts with the given root',
  options: [jsonFormatOption, { names: ['quiet', 'q'], kind: 'flag', about: 'display only container IDs' }],
  arity: [0, 0],
  run: ({ options, globals }) => {
    const format = formatOf(options);
    const containers = loadAll(globals);
    if (options.flag('quiet')) {
      writeText(1, containers.map(({ id }) => `${id}\n`).join(''));
      return 0;
    }
    const states = containers.map((container) => ({
      ...describe(container),
      owner: ownerName(container.state.config.owner_uid),
    }));
    if (format === 'json') {
      writeText(1, JSON.stringify(states));
      return 0;
    }
    const rows = states.map((state) =>
      ['id', 'pid', 'status', 'bundle', 'created', 'owner'].map((name) =>
        String(new Map(Object.entries(state)).get(name)),
      ),
    );
    writeText(1, formatTable([['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...rows]));
    return 0;
  },
};

/** The lines of ps(1) that are about the container's processes. */
function psTable(pids: ReadonlySet<number>, args: readonly string[]): string {
  const result = Bun.spawnSync(['ps', ...(args.length === 0 ? ['-ef'] : args)], { stdout: 'pipe', stderr: 'inherit' });
  const [header = '', ...lines] = result.stdout.toString().split('\n');
  const column = header.trim().split(/\s+/).indexOf('PID');
  const ours = lines.filter((line) => pids.has(Number(line.trim().split(/\s+/)[column])));
  return [header, ...ours, ''].join('\n');
}

export const psCommand: Command = {
  name: 'ps',
  usage: '<container-id> [ps options]',
  about: 'ps displays the processes running inside a container',
  options: [jsonFormatOption],
  arity: [1, Number.POSITIVE_INFINITY],
  passesArguments: true,
  run: (invocation) => {
    const { options, positionals } = invocation;
    const format = formatOf(options);
    const container = Container.load(invocation.globals.root, idOf(invocation));
    const pids = container.cgroup.pids(true).toSorted((a, b) => a - b);
    writeText(1, format === 'json' ? `${JSON.stringify(pids)}\n` : psTable(new Set(pids), positionals.slice(1)));
    return 0;
  },
};
