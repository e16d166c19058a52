/**
 * The daemon put together: opens its parts in the order in which they need each other, serves, and takes them down in the
 * reverse order. Nothing is decided here.
 */
import { messageOf } from '@docker-ts/base/errors';
import { version } from '@docker-ts/base/version';
import { GrpcServer } from '@docker-ts/rpc/grpc-server';
import { claimSocketPath } from '@docker-ts/rpc/socket-path';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { EventsDefinition as ShimEventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, ttrpcAddress } from './config/config.ts';
import { MetadataContainers } from './containers/metadata-containers.ts';
import { BlobStore } from './content/blob-store.ts';
import { NamespacedContent } from './content/namespaced-content.ts';
import { EventExchange } from './events/exchange.ts';
import { createShimEventsService } from './events/service.ts';
import { Collector } from './gc/collector.ts';
import { GcScheduler } from './gc/scheduler.ts';
import { MetadataImages } from './images/metadata-images.ts';
import { MetadataLeases } from './leases/metadata-leases.ts';
import type { Logger } from './log/logger.ts';
import { Metadata } from './metadata/metadata.ts';
import { MetadataNamespaces } from './namespaces/metadata-namespaces.ts';
import { registerServices, type Stores } from './register-services.ts';
import { ShimLocator } from './shims/runtime-name.ts';
import { openSupervisor } from './shims/open-supervisor.ts';
import type { ShimSupervisor } from './shims/shim-supervisor.ts';
import { openSnapshotters } from './snapshots/open-snapshotters.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly logger: Logger;
}

/** Where the parts keep their files:
 *
 *     <root>/uuid
 *     <root>/io.containerd.metadata.v1.level/           metadata/schema.ts
 *     <root>/io.containerd.content.v1.content/          content/blob-store.ts
 *     <root>/io.containerd.snapshotter.v1.<name>/       snapshots/
 *     <root>/io.containerd.runtime.v2.task/             shims/bundle.ts
 *     <state>/io.containerd.runtime.v2.task/            shims/bundle.ts
 *     <state>/mounts/                                   temporary mounts
 */
const metadataFolder = 'io.containerd.metadata.v1.level';
/** How long calls that are under way may take to end when the daemon stops. */
const callGraceMs = 2000;
/** How long what was found out before the daemon served is told to those who subscribe. */
const missedExitsMs = 30_000;

/** Starts the daemon; it serves when this settles. Disposing of the answer stops it. Shims and their containers live on. */
export async function startDaemon({ config, logger }: DaemonOptions): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const folder of [config.root, config.state]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  for (const address of [config.grpc.address, ttrpcAddress(config)]) {
    mkdirSync(dirname(address), { recursive: true, mode: 0o711 });
    await claimSocketPath(address);
  }
  const exchange = new EventExchange();
  const stores = await openStores(config, logger, exchange, stack);
  const shims = await startShims(config, logger, exchange, stores, stack);
  await serve({ config, logger }, { stores, exchange, shims }, stack);
  const running = stack.move();
  return { [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function openStores(
  config: Config,
  logger: Logger,
  events: EventExchange,
  stack: AsyncDisposableStack,
): Promise<Stores> {
  const warn = (error: unknown): void => logger.warn(messageOf(error));
  const metadata = stack.use(await Metadata.open({ path: join(config.root, metadataFolder), onError: warn }));
  const blobs = new BlobStore(join(config.root, 'io.containerd.content.v1.content'));
  const snapshotters = await openSnapshotters({ root: config.root, metadata, publisher: events, onError: warn });
  const snapshots = [...snapshotters.values()];
  for (const each of snapshots) stack.use(each);
  const collector = new Collector({ metadata, blobs, snapshots, events });
  const gc = new GcScheduler({
    settings: config.gc,
    collect: () => collector.collect(),
    onCollected: ({ pauseMs, removed }) => logger.debug('garbage collected', { pauseMs, removed }),
    onError: (error) => logger.error('garbage collection failed', { error: messageOf(error) }),
  });
  stack.use(gc);
  metadata.onMutation((collectable) => gc.noteMutation(collectable));
  return {
    gc,
    snapshotters,
    namespaces: new MetadataNamespaces({ metadata, snapshots, events }),
    containers: new MetadataContainers(metadata),
    images: new MetadataImages(metadata, events),
    leases: new MetadataLeases(metadata),
    content: new NamespacedContent({ metadata, blobs, events, sharing: config.contentSharing }),
  };
}

async function startShims(
  config: Config,
  logger: Logger,
  exchange: EventExchange,
  { containers }: Stores,
  stack: AsyncDisposableStack,
): Promise<{ supervisor: ShimSupervisor; locator: ShimLocator }> {
  const locator = { overrides: new Map(Object.entries(config.runtimes)) };
  const opened = stack.use(
    openSupervisor({
      root: config.root,
      state: config.state,
      locator,
      environment: {
        grpcAddress: config.grpc.address,
        debug: config.log.level === 'debug' || config.log.level === 'trace',
        extra: config.shimEnvironment,
      },
      publisher: exchange,
      logger,
      writeLog: (bytes) => void process.stderr.write(bytes),
    }),
  );
  // eslint-disable-next-line require-await -- the store answers at once, the interface allows for later
  const runtimeOf = async (namespace: string, id: string): Promise<string | undefined> => {
    const [found] = containers.list({ namespace }, [`id==${JSON.stringify(id)}`]);
    return found?.runtime.name;
  };
  await opened.recover(runtimeOf, exchange.publisherForLatecomers(missedExitsMs));
  return { supervisor: opened.supervisor, locator: new ShimLocator(locator) };
}

interface ServedParts {
  readonly stores: Stores;
  readonly exchange: EventExchange;
  readonly shims: { readonly supervisor: ShimSupervisor; readonly locator: ShimLocator };
}

async function serve(
  { config, logger }: DaemonOptions,
  parts: ServedParts,
  stack: AsyncDisposableStack,
): Promise<void> {
  const onDefect = (method: string, error: unknown): void =>
    logger.error('call failed unexpectedly', {
      method,
      error: error instanceof Error ? (error.stack ?? '') : messageOf(error),
    });
  const ttrpc = stack.use(new TtrpcServer({ onDefect }));
  ttrpc.register(ShimEventsDefinition, createShimEventsService(parts.exchange));
  const grpc = new GrpcServer({ onDefect });
  stack.defer(() => grpc.close(callGraceMs));
  registerServices(grpc, { config, logger, ...parts });
  await ttrpc.listen(ttrpcAddress(config), { mode: 0o600 });
  logger.info('serving...', { address: ttrpcAddress(config) });
  const { address, uid, gid } = config.grpc;
  // only root may give a file away
  await grpc.listen(address, { mode: 0o660, ...(process.geteuid?.() === 0 && { uid, gid }) });
  logger.info('serving...', { address });
  parts.stores.gc.start();
  logger.info('containerd-ts successfully booted', { version });
}
