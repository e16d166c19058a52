/**
 * `POST /containers/create`: checks the request, fills in what the image and the daemon give, and makes the container's
 * snapshot, folder and record. The record comes last: a crash before it leaves a labelled snapshot and a folder without record,
 * which reconciliation takes away.
 */
import { invalidArgument, notFound } from '@docker-ts/base/errors';
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ContainerConfig, HostConfig } from '../spec/container-config.ts';
import { completeHostConfig } from '../spec/host-config.ts';
import { mergeImageDefaults, processArguments } from '../spec/image-defaults.ts';
import { parseMountPoints } from '../spec/mount-points.ts';
import { containerOfMode } from '../spec/namespace-modes.ts';
import { verifyCreateRequest } from '../spec/verify-config.ts';
import { now } from './clock.ts';
import type { Container } from './container.ts';
import { containerLabel, type DomainContext, ownerLabel } from './context.ts';
import { publish } from './container-events.ts';
import { verifyLogConfig } from './log-config.ts';
import type { ImagePlatform, ResolvedImage } from './ports.ts';
import { type ContainerRecord, never, recordVersion } from './record.ts';

export interface CreateRequest {
  readonly name: string | undefined;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, unknown>>;
  readonly platform?: ImagePlatform;
}

export interface CreateResult {
  readonly container: Container;
  readonly warnings: readonly string[];
}

/** Errors: invalid_argument, not_found (image, network), conflict (name). Nothing is left behind by a failure. */
export async function createContainer(context: DomainContext, request: CreateRequest): Promise<CreateResult> {
  const { registry, facts } = context;
  const verified = verifyCreateRequest(request.config, request.hostConfig, facts);
  if (!request.config.Image) {
    processArguments(request.config);
    throw invalidArgument('cannot create a container without an image');
  }
  const image = await context.images.resolve(request.config.Image, request.platform);
  const id = newId(context);
  const name = registry.reserveName(request.name, id);
  try {
    const record = await makeRecord(context, { ...request, ...verified }, { id, name, image });
    context.networks.validate(record);
    const container = await materialise(context, record, image.chainId);
    publish(context, container, 'create');
    return { container, warnings: verified.warnings };
  } catch (error) {
    registry.releaseName(name);
    throw error;
  }
}

function newId({ registry }: DomainContext): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    // A short id of digits alone would be taken for a number by tools that print it.
    if (!/^\d{12}/.test(id) && registry.find(id) === undefined) return id;
  }
}

async function makeRecord(
  context: DomainContext,
  request: CreateRequest,
  { id, name, image }: { id: string; name: string; image: ResolvedImage },
): Promise<ContainerRecord> {
  const config = mergeImageDefaults(request.config, image.config);
  const [path, ...args] = processArguments(config);
  const hostConfig = completeHostConfig(request.hostConfig, {
    ...context.defaults,
    containerId: (reference) => context.registry.find(reference)?.id,
  });
  verifyLogConfig(hostConfig.LogConfig);
  const stdio = await context.runtimes.stdioMode(hostConfig.Runtime ?? '');
  const sharedWith = sharedNetworkFiles(context, hostConfig);
  const folder = context.paths.container(id);
  return {
    version: recordVersion,
    id,
    name,
    created: now(),
    config: { ...config, Hostname: config.Hostname || defaultHostname(id, hostConfig, sharedWith) },
    hostConfig,
    endpoints: request.endpoints,
    mounts: parseMountPoints(hostConfig, config.Volumes ?? null),
    imageId: image.id,
    ...(image.manifest === undefined ? {} : { imageManifest: describe(image.manifest) }),
    platform: image.platform,
    snapshotter: context.containerd.snapshotter,
    snapshotKey: id,
    path,
    args,
    hostnamePath: sharedWith?.hostnamePath ?? `${folder}/hostname`,
    hostsPath: sharedWith?.hostsPath ?? `${folder}/hosts`,
    resolvConfPath: sharedWith?.resolvConfPath ?? `${folder}/resolv.conf`,
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, startedAt: never, finishedAt: never },
    stdio: hostConfig.LogConfig?.Type === 'none' ? 'fifo' : stdio,
    restartCount: 0,
    manuallyStopped: false,
  };
}

const describe = ({ mediaType, digest, size }: NonNullable<ResolvedImage['manifest']>) => ({ mediaType, digest, size });

/** `--network container:X` means X's files as well. */
function sharedNetworkFiles({ registry }: DomainContext, hostConfig: HostConfig): ContainerRecord | undefined {
  const other = containerOfMode(hostConfig.NetworkMode);
  if (other === undefined) return undefined;
  const found = registry.find(other);
  if (found === undefined) throw notFound(`No such container: ${other}`);
  return found.record;
}

function defaultHostname(
  id: string,
  { NetworkMode, UTSMode }: HostConfig,
  sharedWith: ContainerRecord | undefined,
): string {
  if (sharedWith !== undefined) return sharedWith.config.Hostname ?? '';
  return NetworkMode === 'host' || UTSMode === 'host' ? hostname() : id.slice(0, 12);
}

/** Snapshot and folder side by side, then the record. */
async function materialise(context: DomainContext, record: ContainerRecord, chainId: string): Promise<Container> {
  const { snapshots, snapshotter } = context.containerd;
  const folder = context.paths.container(record.id);
  const prepared = snapshots.prepare({
    snapshotter,
    key: record.snapshotKey,
    parent: chainId,
    labels: {
      // Without it containerd's garbage collection would take a snapshot that no container of its own refers to.
      'containerd.io/gc.root': record.created,
      [ownerLabel]: context.daemonId,
      [containerLabel]: record.id,
    },
  });
  const results = await Promise.allSettled([prepared, mkdir(folder, { recursive: true, mode: 0o710 })]);
  const failed = results.find((result) => result.status === 'rejected');
  try {
    if (failed !== undefined) throw failed.reason;
    const container = await context.registry.add(record);
    container.rootfsMounts = (await prepared).mounts;
    return container;
  } catch (error) {
    await Promise.allSettled([
      snapshots.remove({ snapshotter, key: record.snapshotKey }),
      rm(folder, { recursive: true, force: true }),
    ]);
    throw error;
  }
}
