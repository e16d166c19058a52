/**
 * The daemon put together: what is taken (pid file, store, containerd), the domains over it, the API before it. Order matters:
 * sockets are opened last, when every container is known again, and given up first.
 */
import { unavailable } from '@docker-ts/base/errors';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Logger } from 'winston';
import { createApp } from './api/app.ts';
import { containerRouter } from './api/container-routes.ts';
import { eventRouter } from './api/event-routes.ts';
import { execRouter } from './api/exec-routes.ts';
import { createHijackRoutes } from './api/hijack-routes.ts';
import { commonHeaders, createApiServer } from './api/http-server.ts';
import { Listeners, parseHost, readTls } from './api/listeners.ts';
import { systemRouter } from './api/system-routes.ts';
import { ContainerdClient } from './client/containerd.ts';
import { watchOutOfMemory } from './client/oom-events.ts';
import { Runtimes } from './client/runtimes.ts';
import type { DaemonOptions } from './config/options.ts';
import { PidFile } from './config/pidfile.ts';
import type { DomainContext } from './containers/context.ts';
import { DaemonPaths } from './containers/paths.ts';
import { reconcile } from './containers/reconcile.ts';
import { ContainerRegistry } from './containers/registry.ts';
import { ExecRegistry } from './exec/exec-registry.ts';
import { EventBus } from './events/bus.ts';
import { imageRouter } from './images/image-routes.ts';
import { ImageService } from './images/image-service.ts';
import { ContainerSpecBuilder } from './spec/container-spec.ts';
import { installDockerInit } from './spec/docker-init.ts';
import { readHostFacts } from './spec/host-facts.ts';
import { ContainerStore } from './store/container-store.ts';
import { ContainerdChild } from './supervisor/containerd-child.ts';
import { engineVersion } from './system/engine.ts';

const containerdTimeoutMs = 20_000;

export class Daemon implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;

  private constructor(owned: AsyncDisposableStack) {
    this.#owned = owned;
  }

  /** Serving when it settles. Whatever was taken is given back on failure. */
  static async open(options: DaemonOptions, log: Logger): Promise<Daemon> {
    await using stack = new AsyncDisposableStack();
    mkdirSync(options.dataRoot, { recursive: true, mode: 0o711 });
    mkdirSync(options.execRoot, { recursive: true, mode: 0o711 });
    stack.use(PidFile.claim(options.pidfile));
    const store = stack.use(await ContainerStore.open(options.dataRoot));
    const containerd = stack.use(await connectContainerd(options, log, stack));
    const shutdown = new AbortController();
    const events = new EventBus();
    const { context, images, routers } = await makeDomains(options, log, { store, containerd, events, shutdown: shutdown.signal });
    await reconcile(context);
    watchOutOfMemory(context);
    const execs = new ExecRegistry();
    const headers = commonHeaders(engineVersion);
    const app = createApp(
      [
        systemRouter({ ...systemSources(options, context, images, events) }),
        containerRouter(context),
        execRouter(context, execs),
        eventRouter(events, shutdown.signal),
        imageRouter(images),
        ...routers,
      ],
      log,
    );
    const listeners = stack.use(new Listeners(log));
    // Watchers and streams let go first, so that connections can end by themselves.
    stack.defer(() => shutdown.abort(unavailable('the daemon is shutting down')));
    for (const host of options.hosts) {
      const address = parseHost(host, options.tls !== undefined);
      const tls = address.kind === 'tcp' && options.tls !== undefined ? { tls: readTls(options.tls) } : {};
      const server = createApiServer({
        routes: app,
        hijacks: createHijackRoutes({ context, execs, headers }),
        headers,
        log,
        ...tls,
      });
      await listeners.open(address, server, options.group);
    }
    log.info('daemon has completed initialization');
    return new Daemon(stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

async function connectContainerd(
  options: DaemonOptions,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<ContainerdClient> {
  const address = options.containerd ?? stack.use(new ContainerdChild({ ...options, log })).address;
  const client = new ContainerdClient(address, options.storageDriver);
  try {
    await client.waitForReady(containerdTimeoutMs);
    return client;
  } catch (error) {
    client[Symbol.dispose]();
    throw unavailable(`cannot reach containerd at "${address}"`, error);
  }
}

interface Foundation {
  readonly store: ContainerStore;
  readonly containerd: ContainerdClient;
  readonly events: EventBus;
  readonly shutdown: AbortSignal;
}

async function makeDomains(options: DaemonOptions, log: Logger, { store, containerd, events, shutdown }: Foundation) {
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
  const networks = makeNetworks();
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
    log,
    shutdown,
  };
  return { context, images, routers: [] };
}

function systemSources(options: DaemonOptions, context: DomainContext, images: ImageService, events: EventBus) {
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

function makeNetworks(): import('./containers/ports.ts').NetworkService {
  return {
    validate: () => {},
    createSandbox: async () => ({ namespace: { kind: 'new' }, attachment: { sandboxId: '', sandboxKey: '', endpoints: {} }, hosts: '127.0.0.1 localhost\n', resolvConf: '' }),
    release: async () => {}, restore: async () => {}, settings: () => ({ Networks: {} }),
  };
}
