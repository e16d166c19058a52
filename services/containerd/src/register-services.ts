/** All gRPC services of the daemon, registered with the server. */
import { version } from '@docker-ts/base/version';
import type { GrpcServer } from '@docker-ts/rpc/grpc-server';
import { ContainersDefinition } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import { ContentDefinition } from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import { DiffDefinition } from '@docker-ts/rpc/gen/containerd/services/diff/v1/diff';
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/events/v1/events';
import { ImagesDefinition } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import { IntrospectionDefinition } from '@docker-ts/rpc/gen/containerd/services/introspection/v1/introspection';
import { LeasesDefinition } from '@docker-ts/rpc/gen/containerd/services/leases/v1/leases';
import { NamespacesDefinition } from '@docker-ts/rpc/gen/containerd/services/namespaces/v1/namespace';
import { SnapshotsDefinition } from '@docker-ts/rpc/gen/containerd/services/snapshots/v1/snapshots';
import { TasksDefinition } from '@docker-ts/rpc/gen/containerd/services/tasks/v1/tasks';
import { VersionDefinition } from '@docker-ts/rpc/gen/containerd/services/version/v1/version';
import { HealthDefinition } from '@docker-ts/rpc/gen/grpc/health/v1/health';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { requestScope } from './api/request-scope.ts';
import type { Config } from './config/config.ts';
import type { MetadataContainers } from './containers/metadata-containers.ts';
import { createContainersService } from './containers/service.ts';
import type { NamespacedContent } from './content/namespaced-content.ts';
import { createContentService } from './content/service.ts';
import { createDiffService } from './diff/service.ts';
import type { EventExchange } from './events/exchange.ts';
import { createEventsService } from './events/service.ts';
import { parseFilters } from './filters/parser.ts';
import type { GcScheduler } from './gc/scheduler.ts';
import { createHealthService } from './health/service.ts';
import type { MetadataImages } from './images/metadata-images.ts';
import { createImagesService } from './images/service.ts';
import { pluginTable } from './introspection/plugin.ts';
import { readServerIdentity } from './introspection/server-identity.ts';
import { createIntrospectionService } from './introspection/service.ts';
import type { MetadataLeases } from './leases/metadata-leases.ts';
import { createLeasesService } from './leases/service.ts';
import type { Logger } from './log/logger.ts';
import type { MetadataNamespaces } from './namespaces/metadata-namespaces.ts';
import { createNamespacesService } from './namespaces/service.ts';
import type { ShimLocator } from './shims/runtime-name.ts';
import { readRuntimeInfo } from './shims/shim-binary.ts';
import type { ShimSupervisor } from './shims/shim-supervisor.ts';
import type { NamespacedSnapshots } from './snapshots/namespaced-snapshots.ts';
import { createSnapshotsService } from './snapshots/service.ts';
import { createTasksService } from './tasks/service.ts';
import { TaskRuntime } from './tasks/task-runtime.ts';
import { createVersionService } from './version/service.ts';

export interface Stores {
  readonly gc: GcScheduler;
  readonly snapshotters: ReadonlyMap<string, NamespacedSnapshots>;
  readonly namespaces: MetadataNamespaces;
  readonly containers: MetadataContainers;
  readonly images: MetadataImages;
  readonly leases: MetadataLeases;
  readonly content: NamespacedContent;
}

export interface ServiceParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly stores: Stores;
  readonly exchange: EventExchange;
  readonly shims: { readonly supervisor: ShimSupervisor; readonly locator: ShimLocator };
}

type Context = Parameters<typeof requestScope>[0];
const namespaceOf = (context: Context): string => requestScope(context).namespace;

/** What B's services call a filter is the same as ours. */
const filtering = { namespaceOf, compileFilters: parseFilters };

export function registerServices(server: GrpcServer, parts: ServiceParts): void {
  const { stores, exchange } = parts;
  const collectGarbage = (): Promise<void> => stores.gc.collectNow();
  server
    .register(VersionDefinition, createVersionService({ version, revision: '' }))
    .register(NamespacesDefinition, createNamespacesService(stores.namespaces))
    .register(ContainersDefinition, createContainersService(stores.containers, exchange))
    .register(ImagesDefinition, createImagesService({ store: stores.images, collectGarbage }))
    .register(LeasesDefinition, createLeasesService({ store: stores.leases, collectGarbage }))
    .register(ContentDefinition, createContentService(stores.content))
    .register(
      SnapshotsDefinition,
      createSnapshotsService({
        snapshotters: stores.snapshotters,
        scopeOf: requestScope,
        compileFilters: parseFilters,
      }),
    )
    .register(EventsDefinition, createEventsService({ exchange, ...filtering }));
  registerDiff(server, parts);
  registerTasks(server, parts);
  registerIntrospection(server, parts);
  server.register(HealthDefinition, createHealthService([]));
}

function registerDiff(server: GrpcServer, { config, stores }: ServiceParts): void {
  const tempFolder = join(config.state, 'mounts');
  mkdirSync(tempFolder, { recursive: true, mode: 0o700 });
  const openBlob = (namespace: string, digest: string) => stores.content.reader({ namespace }, digest);
  server.register(DiffDefinition, createDiffService({ openBlob, tempFolder, namespaceOf }));
}

function registerTasks(server: GrpcServer, { stores, shims, logger }: ServiceParts): void {
  const containers = {
    // eslint-disable-next-line require-await -- the store answers at once, the interface allows for later
    get: async (namespace: string, id: string) => {
      const { runtime, spec } = stores.containers.get({ namespace }, id);
      return { id, runtime: { name: runtime.name, options: runtime.options }, spec };
    },
  };
  const runtime = new TaskRuntime({ containers, supervisor: shims.supervisor, logger });
  server.register(TasksDefinition, createTasksService({ runtime, ...filtering }));
}

function registerIntrospection(server: GrpcServer, { config, stores, shims }: ServiceParts): void {
  const { gc } = config;
  const plugins = pluginTable({
    folderOf: (plugin) => join(config.root, plugin),
    metadataPath: join(config.root, 'io.containerd.metadata.v1.level'),
    sharing: config.contentSharing,
    gc: {
      PauseThreshold: String(gc.pauseThreshold),
      DeletionThreshold: String(gc.deletionThreshold),
      MutationThreshold: String(gc.mutationThreshold),
      ScheduleDelay: `${gc.scheduleDelayMs / 1000}s`,
    },
    snapshotters: [...stores.snapshotters.keys()],
  });
  server.register(
    IntrospectionDefinition,
    createIntrospectionService({
      plugins,
      identity: readServerIdentity(config.root),
      runtimeInfo: (runtime, options) => readRuntimeInfo(shims.locator.resolve(runtime), options),
    }),
  );
}
