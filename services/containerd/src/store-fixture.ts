/** The stores of a daemon in a scratch folder, for tests: directly, and behind a gRPC server as clients reach them. */
import { GrpcChannel } from '@docker-ts/rpc/grpc-client';
import { GrpcServer } from '@docker-ts/rpc/grpc-server';
import { ContainersDefinition } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import { ContentDefinition } from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import { ImagesDefinition } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import { LeasesDefinition } from '@docker-ts/rpc/gen/containerd/services/leases/v1/leases';
import { NamespacesDefinition } from '@docker-ts/rpc/gen/containerd/services/namespaces/v1/namespace';
import type { ContainerStore } from './containers/container.ts';
import { MetadataContainers } from './containers/metadata-containers.ts';
import { ProxyContainers } from './containers/proxy-containers.ts';
import { createContainersService } from './containers/service.ts';
import { BlobStore } from './content/blob-store.ts';
import type { ContentStore } from './content/content.ts';
import { NamespacedContent, type SharingPolicy } from './content/namespaced-content.ts';
import { ProxyContent } from './content/proxy-content.ts';
import { createContentService } from './content/service.ts';
import type { EventPublisher } from './events/publisher.ts';
import { Collector } from './gc/collector.ts';
import type { CollectableSnapshots, SnapshotRecord } from './gc/resource.ts';
import type { ImageStore } from './images/image.ts';
import { MetadataImages } from './images/metadata-images.ts';
import { ProxyImages } from './images/proxy-images.ts';
import { createImagesService } from './images/service.ts';
import type { LeaseStore } from './leases/lease.ts';
import { MetadataLeases } from './leases/metadata-leases.ts';
import { ProxyLeases } from './leases/proxy-leases.ts';
import { createLeasesService } from './leases/service.ts';
import { Metadata } from './metadata/metadata.ts';
import { MetadataNamespaces } from './namespaces/metadata-namespaces.ts';
import type { NamespaceStore } from './namespaces/namespace.ts';
import { ProxyNamespaces } from './namespaces/proxy-namespaces.ts';
import { createNamespacesService } from './namespaces/service.ts';

/** What the contract suites run against. */
export interface Stores {
  readonly namespaces: NamespaceStore;
  readonly containers: ContainerStore;
  readonly images: ImageStore;
  readonly leases: LeaseStore;
  readonly content: ContentStore;
}

/** Snapshots that are nothing but records. */
export class RecordedSnapshots implements CollectableSnapshots {
  readonly name: string;
  readonly all = new Map<string, SnapshotRecord>();

  constructor(name: string) {
    this.name = name;
  }

  add(record: SnapshotRecord): void {
    this.all.set(`${record.namespace}/${record.key}`, record);
  }

  records(): Iterable<SnapshotRecord> {
    return this.all.values();
  }

  async discard(garbage: readonly { readonly namespace: string; readonly key: string }[]): Promise<void> {
    for (const { namespace, key } of garbage) this.all.delete(`${namespace}/${key}`);
  }
}

export class StoreFixture implements AsyncDisposable {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly snapshots = new RecordedSnapshots('overlayfs');
  readonly collector: Collector;
  /** `namespace topic` of every event, in order. */
  readonly events: string[] = [];
  readonly stores: Stores;

  private constructor(metadata: Metadata, blobs: BlobStore, sharing: SharingPolicy) {
    this.metadata = metadata;
    this.blobs = blobs;
    const events: EventPublisher = { publish: (namespace, topic) => void this.events.push(`${namespace} ${topic}`) };
    const snapshots = [this.snapshots];
    this.collector = new Collector({ metadata, blobs, snapshots, events });
    this.stores = {
      namespaces: new MetadataNamespaces({ metadata, snapshots, events }),
      containers: new MetadataContainers(metadata),
      images: new MetadataImages(metadata, events),
      leases: new MetadataLeases(metadata),
      content: new NamespacedContent({ metadata, blobs, events, sharing }),
    };
  }

  static async open(root: string, sharing: SharingPolicy = 'shared'): Promise<StoreFixture> {
    const metadata = await Metadata.open({ path: `${root}/metadata` });
    return new StoreFixture(metadata, new BlobStore(`${root}/content`), sharing);
  }

  /** The same stores behind a gRPC server on `path`. */
  async serve(path: string): Promise<{ stores: Stores } & AsyncDisposable> {
    const { namespaces, containers, images, leases, content } = this.stores;
    const collectGarbage = async (): Promise<void> => void (await this.collector.collect());
    const server = new GrpcServer()
      .register(NamespacesDefinition, createNamespacesService(namespaces))
      .register(ContainersDefinition, createContainersService(containers, { publish: () => {} }))
      .register(ImagesDefinition, createImagesService({ store: images, collectGarbage }))
      .register(LeasesDefinition, createLeasesService({ store: leases, collectGarbage }))
      .register(ContentDefinition, createContentService(content));
    await server.listen(path);
    const channel = new GrpcChannel(path);
    return {
      stores: {
        namespaces: new ProxyNamespaces(channel.client(NamespacesDefinition)),
        containers: new ProxyContainers(channel.client(ContainersDefinition)),
        images: new ProxyImages(channel.client(ImagesDefinition)),
        leases: new ProxyLeases(channel.client(LeasesDefinition)),
        content: new ProxyContent(channel.client(ContentDefinition)),
      },
      async [Symbol.asyncDispose]() {
        channel[Symbol.dispose]();
        await server.close(100);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.metadata[Symbol.asyncDispose]();
  }
}
