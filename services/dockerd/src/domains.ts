/** The domains of the daemon, joined to each other and to containerd. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'winston';
import type { SystemSources } from './api/system-routes.ts';
import type { ContainerdClient } from './client/containerd.ts';
import { Runtimes } from './client/runtimes.ts';
import type { DaemonOptions } from './config/options.ts';
import { BackgroundWork } from './containers/background.ts';
import type { DomainContext } from './containers/context.ts';
import { DaemonPaths } from './containers/paths.ts';
import { ContainerRegistry } from './containers/registry.ts';
import { scheduleRestart } from './containers/restart-schedule.ts';
import type { EventBus } from './events/bus.ts';
import { ImageService } from './images/image-service.ts';
import { ContainerNetworks } from './networks/network-service.ts';
import { ContainerSpecBuilder } from './spec/container-spec.ts';
import { installDockerInit } from './spec/docker-init.ts';
import { readHostFacts } from './spec/host-facts.ts';
import type { ContainerStore } from './store/container-store.ts';

export interface Foundation {
  readonly store: ContainerStore;
  readonly containerd: ContainerdClient;
  readonly events: EventBus;
  readonly shutdown: AbortSignal;
}

export interface Domains {
  readonly context: DomainContext;
  readonly images: ImageService;
  readonly networks: ContainerNetworks;
}

function openNetworks(
  options: DaemonOptions,
  store: ContainerStore,
  registry: ContainerRegistry,
): Promise<ContainerNetworks> {
  return ContainerNetworks.open({
    execRoot: options.execRoot,
    bridge: options.bridge,
    ...(options.bip === '' ? {} : { bip: options.bip }),
    mtu: options.mtu,
    dns: { servers: options.dns, search: options.dnsSearch, options: options.dnsOptions },
    store,
    users: {
      attached: () =>
        registry
          .all()
          .map(({ record }) => record)
          .filter(({ network }) => network !== undefined),
    },
  });
}

/** Everything between the API and containerd; what has to be given back goes on `stack`. */
export async function makeDomains(
  options: DaemonOptions,
  log: Logger,
  { store, containerd, events, shutdown }: Foundation,
  stack: AsyncDisposableStack,
): Promise<Domains> {
  const registry = new ContainerRegistry(store);
  await registry.load();
  const paths = new DaemonPaths(options.dataRoot, options.execRoot);
  const facts = readHostFacts();
  const images = new ImageService({
    client: containerd,
    events,
    users: {
      usersOf: (imageId) =>
        registry
          .all()
          .filter(({ record }) => record.imageId === imageId)
          .map(({ id, isRunning }) => ({ containerId: id, running: isRunning })),
    },
  });
  const networks = stack.use(await openNetworks(options, store, registry));
  const context: DomainContext = {
    daemonId: await store.setting('daemon-id', randomUUID),
    registry,
    containerd,
    runtimes: new Runtimes({
      containerd,
      root: paths.runtimeRoot,
      defaultName: options.defaultRuntime,
      added: options.runtimes,
    }),
    images,
    specs: new ContainerSpecBuilder({
      facts,
      execRoot: options.execRoot,
      daemon: { init: options.init, noNewPrivileges: options.noNewPrivileges, ulimits: [] },
    }),
    networks,
    events,
    paths,
    facts,
    defaults: {
      cgroupVersion: facts.cgroupVersion,
      runtime: options.defaultRuntime,
      logDriver: options.logDriver,
      logOptions: options.logOptions,
      shmSizeBytes: options.defaultShmSize,
    },
    cgroupParent: options.cgroupParent,
    initPath: installDockerInit(options.dataRoot, options.initPath),
    restarts: { schedule: (container, delayMs) => scheduleRestart(context, container, delayMs) },
    background: stack.use(new BackgroundWork(log)),
    log,
    shutdown,
  };
  return { context, images, networks };
}

/** What the system routes show. */
export function systemSources(options: DaemonOptions, { context, images }: Domains, events: EventBus): SystemSources {
  return {
    context,
    countImages: () => images.count(),
    listImages: () => images.list(new Map()),
    eventListeners: () => events.listeners,
    labels: options.labels,
    insecureRegistries: options.insecureRegistries,
    registryMirrors: options.registryMirrors,
    debug: options.debug,
  };
}
