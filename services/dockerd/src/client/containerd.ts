/**
 * dockerd's way to containerd: one channel, one typed client for each service, all in the namespace `moby`. Any containerd that
 * speaks the published API will do.
 *
 * While containerd is away calls fail with unavailable, after the time that a restart takes; the channel comes back by itself.
 */
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
import { GrpcChannel } from '@docker-ts/rpc/grpc-client';
import type { ClientOf, ServiceDefinition } from '@docker-ts/rpc/service';
import { patient } from './patience.ts';

/** containerd's namespace of everything that dockerd makes, as the original has it. */
export const containerdNamespace = 'moby';

/** What a restart of containerd takes: as long may a request be held back. */
const reconnectTimeoutMs = 1500;

export class ContainerdClient implements Disposable {
  readonly address: string;
  readonly containers: ClientOf<typeof ContainersDefinition>;
  readonly content: ClientOf<typeof ContentDefinition>;
  readonly diff: ClientOf<typeof DiffDefinition>;
  readonly events: ClientOf<typeof EventsDefinition>;
  readonly images: ClientOf<typeof ImagesDefinition>;
  readonly introspection: ClientOf<typeof IntrospectionDefinition>;
  readonly leases: ClientOf<typeof LeasesDefinition>;
  readonly namespaces: ClientOf<typeof NamespacesDefinition>;
  readonly snapshots: ClientOf<typeof SnapshotsDefinition>;
  readonly tasks: ClientOf<typeof TasksDefinition>;
  readonly version: ClientOf<typeof VersionDefinition>;
  /** Snapshotter that images are unpacked with and containers run on. */
  readonly snapshotter: string;
  readonly #channel: GrpcChannel;

  constructor(address: string, snapshotter = 'overlayfs') {
    this.address = address;
    this.snapshotter = snapshotter;
    this.#channel = new GrpcChannel(address);
    this.containers = this.#client(ContainersDefinition);
    this.content = this.#client(ContentDefinition);
    this.diff = this.#client(DiffDefinition);
    this.events = this.#client(EventsDefinition);
    this.images = this.#client(ImagesDefinition);
    this.introspection = this.#client(IntrospectionDefinition);
    this.leases = this.#client(LeasesDefinition);
    this.namespaces = this.#client(NamespacesDefinition);
    this.snapshots = this.#client(SnapshotsDefinition);
    this.tasks = this.#client(TasksDefinition);
    this.version = this.#client(VersionDefinition);
  }

  #client<Definition extends ServiceDefinition>(definition: Definition): ClientOf<Definition> {
    const client = this.#channel.client(definition, { metadata: { 'containerd-namespace': containerdNamespace } });
    return patient(client, definition, () => this.#channel.waitForReady(reconnectTimeoutMs));
  }

  /** Settles once containerd answers; deadline_exceeded otherwise. */
  waitForReady(timeoutMs: number): Promise<void> {
    return this.#channel.waitForReady(timeoutMs);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
