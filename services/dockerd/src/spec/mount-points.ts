/**
 * Mount points of a container: what the client asked for by `-v` (HostConfig.Binds), `--mount` (HostConfig.Mounts) and `--tmpfs`,
 * checked and in one form. They are kept with the container: `inspect` shows them as `Mounts`, the spec builder mounts them.
 *
 *     -v SOURCE:DESTINATION[:MODE]     MODE: ro rw, z Z, nocopy, [r]private [r]shared [r]slave, consistent cached delegated
 *
 * Named and anonymous volumes need a volume store, which the daemon does not have yet: unimplemented.
 */
import { CodedError, invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import { mkdirSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { BindOptions, HostConfig, MountRequest, Propagation } from './container-config.ts';
import { tmpfsData } from './tmpfs-options.ts';

export interface MountPoint {
  readonly type: 'bind' | 'tmpfs';
  /** Path on the host; `""` for a tmpfs. */
  readonly source: string;
  readonly destination: string;
  /** The mode word of `-v`, as given. */
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: Propagation | '';
  readonly bind: BindOptions;
  /** Options of a tmpfs, comma separated. */
  readonly tmpfs: string;
  /** `-v` makes a missing source directory; `--mount` refuses. */
  readonly createSource: boolean;
  /** From `--tmpfs`: not listed by `inspect`. */
  readonly hidden: boolean;
}

const propagations: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const defaultPropagation: Propagation = 'rprivate';

/** Word → its kind; of each kind one may be given. */
const modeKinds: Readonly<Record<string, string>> = {
  ro: 'access',
  rw: 'access',
  z: 'label',
  Z: 'label',
  nocopy: 'copy',
  consistent: 'consistency',
  default: 'consistency',
  cached: 'consistency',
  delegated: 'consistency',
  ...Object.fromEntries(propagations.map((word) => [word, 'propagation'])),
};

function isMode(mode: string): boolean {
  if (mode === '') return true;
  const kinds = mode.split(',').map((word) => modeKinds[word]);
  return !kinds.includes(undefined) && new Set(kinds).size === kinds.length;
}

const propagationOf = (mode: string): Propagation | undefined =>
  mode.split(',').find((word) => propagations.includes(word)) as Propagation | undefined;

function verifyTarget(target: string): void {
  if (posix.normalize(target) === '/') throw invalidArgument(`invalid specification: destination can't be '/'`);
  verifyAbsolute(target);
}

function verifyAbsolute(path: string): void {
  if (!path.startsWith('/')) throw invalidArgument(`invalid mount path: '${path}' mount path must be absolute`);
}

/** path.Clean of Go: no trailing slash, no `.` and `..`. */
const cleanPath = (path: string): string => {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
};

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

function parseBind(raw: string): MountPoint {
  const [first = '', second, third, ...more] = raw.split(':');
  const invalid = (): CodedError => invalidArgument(`invalid volume specification: '${raw}'`);
  if (first === '' || more.length > 0) throw invalid();
  if (second !== undefined && third === undefined && isMode(second)) throw invalid();
  const [source, target, mode] = second === undefined ? ['', first, ''] : [first, second, third ?? ''];
  if (!isMode(mode)) throw invalidArgument(`invalid mode: ${mode}`);
  const type = source.startsWith('/') ? 'bind' : 'volume';
  try {
    verifyRequest({ Type: type, Source: source, Target: target }, false);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'unimplemented') throw error;
    throw invalidArgument(`${invalid().message}: invalid mount config for type "${type}": ${messageOf(error)}`, error);
  }
  return {
    type: 'bind',
    source: cleanPath(source),
    destination: cleanPath(target),
    mode,
    writable: !mode.split(',').includes('ro'),
    propagation: propagationOf(mode) ?? defaultPropagation,
    bind: {},
    tmpfs: '',
    createSource: true,
    hidden: false,
  };
}

const volumesUnsupported = (name: string): CodedError =>
  unimplemented(
    name === ''
      ? 'anonymous volumes are not supported yet'
      : `cannot use volume "${name}": volumes are not supported yet`,
  );

const optionOwners = {
  BindOptions: 'bind',
  VolumeOptions: 'volume',
  ImageOptions: 'image',
  TmpfsOptions: 'tmpfs',
  ClusterOptions: 'cluster',
} as const;

/** `sourceExists`: a missing source is an error (`--mount`), not a folder to make (`-v`). */
function verifyRequest(request: MountRequest, sourceExists = true): void {
  const { Type: type = '', Source: source = '', Target: target = '' } = request;
  for (const [field, owner] of Object.entries(optionOwners))
    if (type !== owner && request[field as keyof typeof optionOwners] != null)
      throw invalidArgument(`field ${field} must not be specified`);
  if (target === '') throw invalidArgument('field Target must not be empty');
  verifyTarget(target);
  if (type === 'bind') {
    if (source === '') throw invalidArgument('field Source must not be empty');
    const { Propagation: propagation = '', CreateMountpoint: create = false } = request.BindOptions ?? {};
    if (propagation !== '' && !propagations.includes(propagation))
      throw invalidArgument(`invalid propagation mode: ${propagation}`);
    verifyAbsolute(source);
    if (sourceExists && !create && !exists(source)) throw invalidArgument(`bind source path does not exist: ${source}`);
  } else if (type === 'tmpfs') {
    if (source !== '') throw invalidArgument('field Source must not be specified');
    tmpfsData(request.TmpfsOptions, request.ReadOnly === true);
  } else if (type === 'volume') throw volumesUnsupported(source);
  else if (type === 'image') throw unimplemented('image mounts are not supported yet');
  else throw invalidArgument('mount type unknown');
}

function parseMount(request: MountRequest): MountPoint {
  try {
    verifyRequest(request);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'unimplemented') throw error;
    throw invalidArgument(`invalid mount config for type "${request.Type ?? ''}": ${messageOf(error)}`, error);
  }
  const isBind = request.Type === 'bind';
  return {
    type: isBind ? 'bind' : 'tmpfs',
    source: isBind ? cleanPath(request.Source ?? '') : '',
    destination: cleanPath(request.Target ?? ''),
    mode: '',
    writable: request.ReadOnly !== true,
    propagation: isBind ? request.BindOptions?.Propagation || defaultPropagation : '',
    bind: request.BindOptions ?? {},
    tmpfs: isBind ? '' : tmpfsData(request.TmpfsOptions, request.ReadOnly === true),
    createSource: request.BindOptions?.CreateMountpoint === true,
    hidden: false,
  };
}

function parseTmpfs([destination, data]: [string, string]): MountPoint {
  verifyTarget(destination);
  return {
    type: 'tmpfs',
    source: '',
    destination: cleanPath(destination),
    mode: '',
    writable: true,
    propagation: '',
    bind: {},
    tmpfs: data,
    createSource: false,
    hidden: true,
  };
}

/** All mount points of a container in the order of the request; invalid_argument in dockerd's words, or unimplemented. */
export function parseMountPoints(hostConfig: HostConfig, volumes: Record<string, object> | null = null): MountPoint[] {
  if ((hostConfig.VolumesFrom?.length ?? 0) > 0) throw unimplemented('--volumes-from is not supported yet');
  const points = [
    ...(hostConfig.Binds ?? []).map(parseBind),
    ...(hostConfig.Mounts ?? []).map(parseMount),
    ...Object.entries(hostConfig.Tmpfs ?? {}).map(parseTmpfs),
  ];
  const seen = new Set<string>();
  for (const { destination } of points) {
    if (seen.has(destination)) throw invalidArgument(`Duplicate mount point: ${destination}`);
    seen.add(destination);
  }
  for (const destination of Object.keys(volumes ?? {}))
    if (!seen.has(cleanPath(destination))) throw volumesUnsupported('');
  return points;
}

/** Before each start: the source of a `-v` that is missing is made as a directory; any other missing source is an error. */
export function prepareMountSources(points: readonly MountPoint[]): void {
  for (const { type, source, createSource } of points) {
    if (type !== 'bind' || exists(source)) continue;
    if (!createSource)
      throw invalidArgument(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    try {
      mkdirSync(source, { recursive: true });
    } catch (error) {
      throw invalidArgument(`error while creating mount source path '${source}': ${messageOf(error)}`, error);
    }
  }
}
