/**
 * What dockerd keeps of a container, and the only thing it keeps: processes, layers and blobs are containerd's.
 *
 * Life cycle (`ContainerState.status`, the words of the Engine API):
 *
 *     created ──start──▶ running ◀──pause/unpause──▶ paused
 *        │                 │  │
 *        │                exit └─exit, restart policy──▶ restarting ──▶ running
 *        ▼                 ▼
 *     removing ◀──rm──── exited        (dead: a removal that failed and may be tried again)
 *
 * A record is written after each move, before the next thing is asked of containerd, so that whatever a crash leaves behind can
 * be told from it (see reconcile.ts). Times are RFC 3339 with nanoseconds; Go's zero time stands for "never".
 */
import type { ContainerConfig, HostConfig } from '../spec/container-config.ts';
import type { MountPoint } from '../spec/mount-points.ts';
import type { NetworkAttachment } from './ports.ts';

/** Bumped when a record of an older daemon has to be read differently. */
export const recordVersion = 1;

/** Go's `time.Time{}` as the Engine API shows it. */
export const never = '0001-01-01T00:00:00Z';

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface ContainerState {
  readonly status: ContainerStatus;
  /** Host pid of the container's init; 0 when it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why the last start failed, or what a removal stumbled over. */
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** How a run ended. */
export interface Exit {
  readonly exitCode: number;
  readonly finishedAt: string;
}

/** How the container's output travels: see stdio/session.ts. */
export type StdioMode = 'json-file' | 'fifo';

export interface ContainerRecord {
  readonly version: typeof recordVersion;
  /** 64 hex digits. */
  readonly id: string;
  /** Without the leading slash that the API shows. */
  readonly name: string;
  readonly created: string;
  /** The client's config with the image's defaults filled in. */
  readonly config: ContainerConfig;
  /** Completed with the daemon's defaults. */
  readonly hostConfig: HostConfig;
  /** Requested endpoints by network name (`NetworkingConfig.EndpointsConfig`). */
  readonly endpoints: Readonly<Record<string, unknown>>;
  readonly mounts: readonly MountPoint[];
  /** Config digest of the image. */
  readonly imageId: string;
  /** Digest, media type and size of what the image's name pointed to. */
  readonly imageManifest?: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly snapshotter: string;
  readonly snapshotKey: string;
  /** Executable and its arguments, as `inspect` shows them. */
  readonly path: string;
  readonly args: readonly string[];
  /** Files shown as /etc/hostname, /etc/hosts and /etc/resolv.conf; another container's with `--network container:`. */
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly resolvConfPath: string;
  readonly state: ContainerState;
  readonly stdio: StdioMode;
  readonly restartCount: number;
  /** A user stopped it: `unless-stopped` and `on-failure` leave it alone at the daemon's start. */
  readonly manuallyStopped: boolean;
  /** Set while a sandbox exists. */
  readonly network?: NetworkAttachment;
}
