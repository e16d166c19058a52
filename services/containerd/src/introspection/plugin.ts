/**
 * The parts of the daemon as containerd's clients know them: *plugins* with a type and an id. Nothing is loaded at run time here; the table
 * says what this daemon really has, under the names by which clients ask for it.
 */
import { notFound } from '@docker-ts/base/errors';
import { arch } from 'node:process';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

export interface Plugin {
  readonly type: string;
  readonly id: string;
  readonly requires: readonly string[];
  readonly platforms: readonly Platform[];
  readonly exports: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
}

/** This machine, as the image-spec names it. */
export const hostPlatform: Platform =
  arch === 'arm64'
    ? { os: 'linux', architecture: 'arm64', variant: 'v8' }
    : { os: 'linux', architecture: 'amd64', variant: '' };

const types = {
  content: 'io.containerd.content.v1',
  deprecations: 'io.containerd.warning.v1',
  event: 'io.containerd.event.v1',
  snapshotter: 'io.containerd.snapshotter.v1',
  metadata: 'io.containerd.metadata.v1',
  gc: 'io.containerd.gc.v1',
  differ: 'io.containerd.differ.v1',
  lease: 'io.containerd.lease.v1',
  service: 'io.containerd.service.v1',
  shim: 'io.containerd.shim.v1',
  runtime: 'io.containerd.runtime.v2',
  grpc: 'io.containerd.grpc.v1',
} as const;

export const taskPlugin = { type: types.runtime, id: 'task' } as const;

export interface PluginTableOptions {
  /** Folder of the plugin `type.id`. */
  readonly folderOf: (plugin: string) => string;
  readonly metadataPath: string;
  readonly sharing: string;
  readonly gc: Readonly<Record<string, string>>;
  readonly snapshotters: readonly string[];
}

type Entry = Partial<Omit<Plugin, 'type' | 'id'>> & Pick<Plugin, 'type' | 'id'>;

const complete = (entry: Entry): Plugin => ({ requires: [], platforms: [], exports: {}, capabilities: [], ...entry });

/** In the order in which they depend on each other. */
export function pluginTable(options: PluginTableOptions): Plugin[] {
  const platforms = [hostPlatform];
  const { content, event, snapshotter, metadata, gc, differ, service, shim, grpc } = types;
  const serviceOf = (id: string, requires: string[]): Entry => ({ type: service, id: `${id}-service`, requires });
  const grpcOf = (id: string, requires: string[] = [service]): Entry => ({ type: grpc, id, requires });
  const entries: Entry[] = [
    { type: content, id: 'content', exports: { root: options.folderOf(`${content}.content`) } },
    { type: types.deprecations, id: 'deprecations' },
    { type: event, id: 'exchange' },
    ...options.snapshotters.map((id) => ({
      type: snapshotter,
      id,
      platforms,
      exports: { root: options.folderOf(`${snapshotter}.${id}`) },
    })),
    {
      type: metadata,
      // upstream's name, which clients may ask for; the database is level's
      id: 'bolt',
      requires: [content, event, snapshotter],
      exports: { policy: options.sharing, path: options.metadataPath },
    },
    { type: gc, id: 'scheduler', requires: [metadata], exports: options.gc },
    { type: differ, id: 'walking', requires: [metadata], platforms },
    { type: types.lease, id: 'manager', requires: [metadata, gc] },
    serviceOf('containers', [event, metadata]),
    serviceOf('content', [metadata]),
    serviceOf('diff', [differ]),
    serviceOf('images', [metadata, gc, types.deprecations]),
    serviceOf('introspection', [types.deprecations]),
    serviceOf('namespaces', [event, metadata]),
    serviceOf('snapshots', [metadata]),
    { type: shim, id: 'manager', requires: [event, metadata] },
    { ...taskPlugin, requires: [event, metadata, shim], platforms },
    serviceOf('tasks', [event, metadata, types.runtime]),
    ...['containers', 'content', 'diff'].map((id) => grpcOf(id)),
    grpcOf('events', [event]),
    ...['images', 'introspection'].map((id) => grpcOf(id)),
    grpcOf('leases', [types.lease]),
    ...['namespaces', 'snapshots', 'tasks'].map((id) => grpcOf(id)),
    grpcOf('version', []),
    grpcOf('healthcheck', []),
  ];
  return entries.map((entry) => complete(entry));
}

/** @throws not_found. */
export function findPlugin(plugins: readonly Plugin[], type: string, id: string): Plugin {
  const plugin = plugins.find((candidate) => candidate.type === type && candidate.id === id);
  if (!plugin) throw notFound(`plugin ${type}.${id} not found: not found`);
  return plugin;
}
