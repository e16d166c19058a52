/**
 * What the container domain needs from its neighbours: images, the spec builder and networks. The neighbours implement these;
 * `main.ts` joins them.
 *
 * Words: a *sandbox* is a container's network namespace with what is in it; an *endpoint* is its place in one network.
 */
import type { RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import type { Mount } from '@docker-ts/rpc/gen/containerd/types/mount';
import type { ImageDefaults } from '../spec/container-config.ts';
import type { ContainerRecord } from './record.ts';

export interface ImagePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** An image as containers use it. */
export interface ResolvedImage {
  /** Config digest, `sha256:…`. */
  readonly id: string;
  /** Familiar names (`busybox:latest`), most natural first; empty for one that lost its name. */
  readonly names: readonly string[];
  /** The `config` object of the image configuration. */
  readonly config: ImageDefaults;
  /** Snapshot name of the unpacked layers; `""` for an image without layers. */
  readonly chainId: string;
  readonly platform: ImagePlatform;
  readonly manifest?: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

export interface ImageStore {
  /**
   * By name (`busybox`, `a/b:tag`, `x@sha256:…`), id or unique id prefix. not_found `No such image: X:tag`; invalid_argument
   * for a malformed reference. The layers are unpacked when it returns.
   */
  resolve(reference: string, platform?: ImagePlatform): Promise<ResolvedImage>;
}

/** A container that uses an image: what removal and prune of images ask. */
export interface ImageUser {
  readonly containerId: string;
  readonly running: boolean;
}

/** What the image domain needs from containers. */
export interface ImageUsers {
  usersOf(imageId: string): ImageUser[];
}

export interface SpecInput {
  readonly container: ContainerRecord;
  /** containerd's mounts of the container's snapshot, not mounted yet: passwd and group are looked up through them. */
  readonly rootfsMounts: readonly Mount[];
  /** What `createSandbox` answered. */
  readonly sandbox: NetworkSandbox;
  /** Host pids of other running containers, for `container:ID` namespaces. */
  readonly pidOf: (containerId: string) => number | undefined;
  /** The init that `--init` puts at pid 1. */
  readonly initPath: string;
  /** Parent of the container's cgroup, `/docker` unless the daemon was told otherwise. */
  readonly cgroupParent: string;
}

export interface SpecBuilder {
  /** The OCI runtime spec of one start. Errors: invalid_argument with dockerd's words. */
  build(input: SpecInput): Promise<RuntimeSpec>;
}

/** One endpoint as `inspect` shows it under NetworkSettings.Networks. */
export type EndpointSettings = Readonly<Record<string, unknown>>;

/** What must be remembered of a sandbox as long as it exists; plain JSON, kept in the container's record. */
export interface NetworkAttachment {
  readonly sandboxId: string;
  /** Path for `inspect` (SandboxKey); `""` for the host's. */
  readonly sandboxKey: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

export interface NetworkSandbox {
  /** The spec's network namespace: a path to join, `host` for the host's, `new` for one that the runtime makes. */
  readonly namespace:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'host' }
    | { readonly kind: 'new' };
  readonly attachment: NetworkAttachment;
  /** Contents of /etc/hosts and /etc/resolv.conf; `undefined` when another container's files are shared. */
  readonly hosts?: string;
  readonly resolvConf?: string;
}

export interface NetworkService {
  /** Checks at create time: not_found `network X not found`, unimplemented for published ports and so on. */
  validate(container: ContainerRecord): void;
  /** Makes or joins the namespace. Nothing is left behind when it fails. */
  createSandbox(container: ContainerRecord): Promise<NetworkSandbox>;
  /** Takes the container's endpoint and namespace away; idempotent. */
  release(containerId: string): Promise<void>;
  /** After a start of the daemon: keeps what these containers use (their records carry it), takes away what nobody uses. */
  restore(running: readonly ContainerRecord[]): Promise<void>;
  /** NetworkSettings of `inspect` and NetworkSettings.Networks of the list, for a container in any state. */
  settings(
    container: ContainerRecord,
  ): { readonly Networks: Readonly<Record<string, EndpointSettings>> } & Readonly<Record<string, unknown>>;
}

/** Which containers are on which network: what network inspect and prune ask. */
export interface NetworkUsers {
  /** Containers that have a sandbox, by id. */
  attached(): ContainerRecord[];
}
