/** `GET /containers/json`: from memory alone, so that a container that is stuck never holds the list up. */
import { invalidArgument } from '@docker-ts/base/errors';
import { type Filters, matchesAny, matchesLabels } from '../filters/filters.ts';
import { parseTimeNs } from './clock.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import { writableSizeBytes } from './disk-usage.ts';
import { imageSizeBytes, showMounts } from './inspect.ts';
import type { ContainerRecord } from './record.ts';
import { describeState } from './state-text.ts';

export const containerFilterNames: readonly string[] = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];

const statuses = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export interface ListOptions {
  /** Those that do not run as well. */
  readonly all: boolean;
  readonly size: boolean;
  /** The newest so many, running or not. */
  readonly limit: number | undefined;
  readonly filters: Filters;
}

type Test = (container: Container) => boolean;

/** Newest first. */
export async function listContainers(context: DomainContext, options: ListOptions): Promise<Record<string, unknown>[]> {
  const matches = await compileFilters(context, options.filters);
  // A filter on the state, or a number of newest ones, asks for stopped ones too.
  const all =
    options.all || options.limit !== undefined || ['status', 'exited'].some((name) => options.filters.has(name));
  const found = context.registry
    .all()
    .filter((container) => all || container.isRunning || container.state.status === 'restarting')
    .filter(matches)
    .sort((a, b) => Number(parseTimeNs(b.record.created) - parseTimeNs(a.record.created)))
    .slice(0, options.limit);
  return Promise.all(found.map((container) => showContainer(context, container, options.size)));
}

async function showContainer(
  context: DomainContext,
  container: Container,
  size: boolean,
): Promise<Record<string, unknown>> {
  const { record } = container;
  const own = size ? await writableSizeBytes(context, container) : 0;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image ?? '',
    ImageID: record.imageId,
    ...(record.imageManifest === undefined
      ? {}
      : { ImageManifestDescriptor: { ...record.imageManifest, platform: record.platform } }),
    Command: showCommand(record),
    Created: Number(parseTimeNs(record.created) / 1_000_000_000n),
    Ports: [],
    ...(size ? { SizeRw: own, SizeRootFs: own + (await imageSizeBytes(context, container)) } : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: describeState(record.state),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? '' },
    NetworkSettings: { Networks: context.networks.settings(record).Networks },
    Mounts: showMounts(record.mounts),
  };
}

/** Arguments with spaces are quoted, as a person would type them. */
function showCommand({ path, args }: ContainerRecord): string {
  return [path, ...args.map((argument) => (argument.includes(' ') ? `'${argument}'` : argument))].join(' ');
}

async function compileFilters(context: DomainContext, filters: Filters): Promise<Test> {
  for (const value of filters.get('status') ?? [])
    if (!statuses.includes(value))
      throw invalidArgument(
        `invalid filter 'status=${value}': invalid value for state (${value}): must be one of ${statuses.join(', ')}`,
      );
  const tests: Test[] = [simpleFilters(filters), ...boundaryFilters(context, filters), exitedFilter(filters)];
  tests.push(await ancestorFilter(context, filters));
  return (container) => tests.every((test) => test(container));
}

function simpleFilters(filters: Filters): Test {
  return ({ record }) => {
    const { id, name, state, config, mounts, hostConfig, endpoints } = record;
    const networks = new Set([hostConfig.NetworkMode ?? '', ...Object.keys(endpoints), ...networkIds(record)]);
    const volumes = mounts.flatMap(({ source, destination }) => [source, destination]);
    return (
      matchesAny(filters, 'id', (value) => id.startsWith(value)) &&
      matchesAny(filters, 'name', (value) => matchesName(name, value)) &&
      matchesAny(filters, 'status', (value) => value === state.status) &&
      matchesLabels(filters, config.Labels ?? {}) &&
      matchesAny(filters, 'network', (value) => networks.has(value)) &&
      matchesAny(filters, 'volume', (value) => volumes.includes(value)) &&
      matchesAny(filters, 'health', (value) => value === 'none') &&
      matchesAny(filters, 'is-task', (value) => value === 'false' || value === '0') &&
      matchesAny(filters, 'publish', () => false) &&
      matchesAny(filters, 'expose', (value) => isExposed(Object.keys(config.ExposedPorts ?? {}), value))
    );
  };
}

function networkIds({ network }: ContainerRecord): string[] {
  return Object.values(network?.endpoints ?? {}).map(({ NetworkID }) =>
    typeof NetworkID === 'string' ? NetworkID : '',
  );
}

/** A regular expression over the name, with or without its slash. */
function matchesName(name: string, value: string): boolean {
  try {
    const pattern = new RegExp(value);
    return pattern.test(name) || pattern.test(`/${name}`);
  } catch {
    return name.includes(value);
  }
}

/** `80`, `80/tcp`, `80-90/udp`. */
function isExposed(ports: readonly string[], wanted: string): boolean {
  const [range = '', protocol = 'tcp'] = wanted.split('/');
  const [from = 0, to = from] = range.split('-').map(Number);
  return ports.some((port) => {
    const [number = '', kind = 'tcp'] = port.split('/');
    return kind === protocol && Number(number) >= from && Number(number) <= to;
  });
}

/** `before=x` and `since=x`: created earlier or later than the container x. */
function boundaryFilters({ registry }: DomainContext, filters: Filters): Test[] {
  const created = (container: Container): bigint => parseTimeNs(container.record.created);
  return [
    ...(filters.get('before') ?? []).map((reference): Test => {
      const limit = created(registry.get(reference));
      return (container) => created(container) < limit;
    }),
    ...(filters.get('since') ?? []).map((reference): Test => {
      const limit = created(registry.get(reference));
      return (container) => created(container) > limit;
    }),
  ];
}

function exitedFilter(filters: Filters): Test {
  const codes = (filters.get('exited') ?? []).map((value) => {
    if (!/^-?\d+$/.test(value)) throw invalidArgument(`invalid filter 'exited=${value}': invalid syntax`);
    return Number(value);
  });
  if (codes.length === 0) return () => true;
  return ({ isRunning, state }) =>
    !isRunning && state.startedAt !== '0001-01-01T00:00:00Z' && codes.includes(state.exitCode);
}

/** By image: name, id or id prefix; an image that does not exist matches nothing. */
async function ancestorFilter({ images }: DomainContext, filters: Filters): Promise<Test> {
  const wanted = filters.get('ancestor') ?? [];
  if (wanted.length === 0) return () => true;
  const ids = new Set<string>();
  for (const reference of wanted) {
    const image = await images.resolve(reference).catch(() => undefined);
    if (image !== undefined) ids.add(image.id);
  }
  return ({ record }) => ids.has(record.imageId) || wanted.includes(record.config.Image ?? '');
}
