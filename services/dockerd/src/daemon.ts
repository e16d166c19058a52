/**
 * The daemon put together: what is taken (pid file, store, containerd), the domains over it, the API before it. Order matters:
 * sockets are opened last, when every container is known again, and given up first.
 */
import { unavailable } from '@docker-ts/base/errors';
import { mkdirSync } from 'node:fs';
import type { Logger } from 'winston';
import { createApp } from './api/app.ts';
import { containerRouter } from './api/container-routes.ts';
import { eventRouter } from './api/event-routes.ts';
import { execRouter } from './api/exec-routes.ts';
import { createHijackRoutes } from './api/hijack-routes.ts';
import { commonHeaders, createApiServer } from './api/http-server.ts';
import { Listeners, parseHost, readTls } from './api/listeners.ts';
import { logRouter } from './api/log-routes.ts';
import { systemRouter } from './api/system-routes.ts';
import { unsupportedRouter } from './api/unsupported-routes.ts';
import { ContainerdClient } from './client/containerd.ts';
import { watchOutOfMemory } from './client/oom-events.ts';
import type { DaemonOptions } from './config/options.ts';
import { PidFile } from './config/pidfile.ts';
import { reconcile } from './containers/reconcile.ts';
import { makeDomains, systemSources } from './domains.ts';
import { ExecRegistry } from './exec/exec-registry.ts';
import { EventBus } from './events/bus.ts';
import { imageRouter } from './images/image-routes.ts';
import { ContainerStore } from './store/container-store.ts';
import { ContainerdChild } from './supervisor/containerd-child.ts';
import { networkRouter } from './networks/network-routes.ts';
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
    const domains = await makeDomains(options, log, { store, containerd, events, shutdown: shutdown.signal }, stack);
    const { context } = domains;
    await reconcile(context);
    watchOutOfMemory(context);
    const execs = new ExecRegistry(context.registry);
    const headers = commonHeaders(engineVersion);
    const app = createApp(
      [
        systemRouter(systemSources(options, domains, events)),
        containerRouter(context),
        logRouter(context),
        execRouter(context, execs),
        eventRouter(events, shutdown.signal),
        imageRouter(domains.images),
        networkRouter(domains.networks.catalog),
        unsupportedRouter(),
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
