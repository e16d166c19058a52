/** What the verbs of the container domain work with; made once in `main.ts`. Each verb's file is a function over it. */
import type { Logger } from 'winston';
import type { ContainerdClient } from '../client/containerd.ts';
import type { Runtimes } from '../client/runtimes.ts';
import type { EventSink } from '../events/bus.ts';
import type { HostConfigDefaults } from '../spec/host-config.ts';
import type { HostFacts } from '../spec/host-facts.ts';
import type { BackgroundWork } from './background.ts';
import type { Container } from './container.ts';
import type { DaemonPaths } from './paths.ts';
import type { ImageStore, NetworkService, SpecBuilder } from './ports.ts';
import type { ContainerRegistry } from './registry.ts';

export interface DomainContext {
  /** Marks what is this daemon's in a containerd that several may use. */
  readonly daemonId: string;
  readonly registry: ContainerRegistry;
  readonly containerd: ContainerdClient;
  readonly runtimes: Runtimes;
  readonly images: ImageStore;
  readonly specs: SpecBuilder;
  readonly networks: NetworkService;
  readonly events: EventSink;
  readonly paths: DaemonPaths;
  readonly facts: HostFacts;
  readonly defaults: Omit<HostConfigDefaults, 'containerId'>;
  /** Parent of the containers' cgroups. */
  readonly cgroupParent: string;
  /** Host path of the program that `--init` puts at pid 1. */
  readonly initPath: string;
  /** Starts a container again after a delay, unless it is cancelled (restart-schedule.ts). */
  readonly restarts: { schedule(container: Container, delayMs: number): void };
  readonly background: BackgroundWork;
  readonly log: Logger;
  /** Aborted when the daemon shuts down: watchers let go, containers run on. */
  readonly shutdown: AbortSignal;
}

/** Labels on what the daemon keeps in containerd. */
export const ownerLabel = 'docker-ts.io/daemon';
export const containerLabel = 'docker-ts.io/container';
