/**
 * All shims of the daemon: starts them, knows them, buries them. The shims are not the daemon's children in any sense that matters:
 * they live on when it goes, and `recovery.ts` finds them again.
 *
 * A connection that closes unasked is a shim's death. Then the executable's `delete` verb kills what is left of the container and
 * tells how it ended, and TaskExit and TaskDelete are published in the shim's stead.
 */
import { alreadyExists, messageOf, wrap } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { TaskDelete, TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import type { RuntimeInfo } from '@docker-ts/rpc/gen/containerd/types/introspection';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { timestampNow } from '@docker-ts/rpc/timestamp';
import type { EventPublisher } from '../events/publisher.ts';
import { formatBootstrap } from './bootstrap.ts';
import { Bundle, type BundleFolders } from './bundle.ts';
import { removeDeadSocket, socketOf } from './dead-socket.ts';
import type { ShimLocator } from './runtime-name.ts';
import { readRuntimeInfo, ShimBinary, type ShimEnvironment, type TaskExitRecord } from './shim-binary.ts';
import { Shim } from './shim.ts';

/** Where the supervisor tells what nobody asked for. */
export interface ShimLogger {
  info(message: string): void;
  warn(message: string): void;
}

export interface ShimSupervisorOptions {
  readonly folders: BundleFolders;
  readonly locator: ShimLocator;
  readonly environment: ShimEnvironment;
  readonly publisher: EventPublisher;
  readonly logger: ShimLogger;
}

export interface ShimStart {
  readonly namespace: string;
  readonly id: string;
  /** Runtime name, or path of a shim's executable. */
  readonly runtime: string;
  readonly runtimeOptions: Any | undefined;
  readonly spec: Any | undefined;
}

const shutdownTimeoutMs = 3000;

/** How long a shim that was told to shut down may take until its id is used again. */
const partingMs = 300;

const keyOf = (namespace: string, id: string): string => `${namespace}/${id}`;

export class ShimSupervisor implements Disposable {
  readonly folders: BundleFolders;
  readonly #options: ShimSupervisorOptions;
  readonly #shims = new Map<string, Shim>();
  readonly #starting = new Set<string>();
  readonly #parting = new Map<string, Promise<void>>();
  #disposed = false;

  constructor(options: ShimSupervisorOptions) {
    this.folders = options.folders;
    this.#options = options;
  }

  get(namespace: string, id: string): Shim | undefined {
    return this.#shims.get(keyOf(namespace, id));
  }

  /** The shims of a namespace, or all. */
  list(namespace?: string): Shim[] {
    const all = [...this.#shims.values()];
    return namespace === undefined ? all : all.filter((shim) => shim.namespace === namespace);
  }

  /** Makes the bundle, starts a shim in it and connects. @throws already_exists if the task has one. */
  async start(request: ShimStart): Promise<Shim> {
    const { namespace, id, runtime, runtimeOptions, spec } = request;
    const key = keyOf(namespace, id);
    if (this.#shims.has(key) || this.#starting.has(key)) throw alreadyExists(`task ${id}: already exists`);
    this.#starting.add(key);
    try {
      await this.#parting.get(key);
      const path = this.#options.locator.resolve(runtime);
      const bundle = Bundle.create(this.folders, namespace, id, spec?.value);
      const binary = this.binary(path, bundle);
      try {
        const shim = await this.#launch(bundle, binary, runtimeOptions);
        this.adopt(shim);
        return shim;
      } catch (error) {
        this.#removeBundle(bundle);
        throw error;
      }
    } catch (error) {
      throw wrap(error, 'failed to start shim');
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Counts a connected shim among the living. */
  adopt(shim: Shim): void {
    this.#shims.set(keyOf(shim.namespace, shim.id), shim);
    void shim.closed.then(() => this.#onClosed(shim));
  }

  /** The executable at `path` for a bundle. */
  binary(path: string, bundle: Bundle): ShimBinary {
    return new ShimBinary(path, bundle, this.#options.environment);
  }

  /** Nobody asks for the task any more: what its shim still does is not told. */
  forget(shim: Shim): void {
    const key = keyOf(shim.namespace, shim.id);
    if (this.#shims.get(key) === shim) this.#shims.delete(key);
  }

  /**
   * Lets a shim go whose task is deleted, and removes the bundle. The `delete` verb is left out: the shim has just cleaned up itself.
   */
  async retire(shim: Shim): Promise<void> {
    this.forget(shim);
    shim.closing = true;
    await shim.task
      .shutdown({ id: shim.id }, { timeoutMs: shutdownTimeoutMs })
      .catch((error: unknown) =>
        this.#options.logger.warn(`cannot shut down the shim of task "${shim.id}": ${messageOf(error)}`),
      );
    this.#removeBundle(shim.bundle);
    this.#part(shim);
  }

  /**
   * Buries a shim that is gone: the `delete` verb, the bundle, and the events if the task was known to clients.
   * @param known whether they were, asked after the cleaning up.
   */
  async bury(
    bundle: Bundle,
    binary: ShimBinary,
    known: () => boolean,
    publisher: EventPublisher = this.#options.publisher,
  ): Promise<TaskExitRecord> {
    const { logger } = this.#options;
    const socket = socketOf(bundle);
    const exit = await binary.delete().catch((error: unknown): TaskExitRecord => {
      logger.warn(`cannot clean up after the shim of task "${bundle.id}": ${messageOf(error)}`);
      return { pid: 0, exitStatus: 255, exitedAt: timestampNow() };
    });
    this.#removeBundle(bundle);
    if (socket !== undefined) await removeDeadSocket(socket);
    if (!known()) return exit;
    const { namespace, id } = bundle;
    const event = { containerId: id, pid: exit.pid, exitStatus: exit.exitStatus, exitedAt: exit.exitedAt };
    publisher.publish(namespace, '/tasks/exit', packAny(TaskExit, { ...event, id }));
    publisher.publish(namespace, '/tasks/delete', packAny(TaskDelete, event));
    return exit;
  }

  /** What the shim of a runtime tells about itself. @throws not_found if it is not installed. */
  runtimeInfo(runtime: string, options: Any | undefined): Promise<RuntimeInfo> {
    return readRuntimeInfo(this.#options.locator.resolve(runtime), options);
  }

  /** Settles when the shims that were told to go have gone, or have taken too long. */
  async settled(): Promise<void> {
    await Promise.all(this.#parting.values());
  }

  /** Lets go of the connections; the shims live on. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const shim of this.#shims.values()) shim.close();
    this.#shims.clear();
  }

  async #launch(bundle: Bundle, binary: ShimBinary, options: Any | undefined): Promise<Shim> {
    const address = await binary.start(options);
    try {
      const shim = await Shim.connect(bundle, binary, address);
      bundle.write('shim-binary-path', binary.path, 0o600);
      bundle.write('bootstrap.json', formatBootstrap(address), 0o644);
      return shim;
    } catch (error) {
      // a shim runs, but it cannot be spoken to
      await binary.delete().catch(() => {});
      throw error;
    }
  }

  async #onClosed(shim: Shim): Promise<void> {
    if (shim.closing || this.#disposed) return;
    this.#options.logger.info(`shim of task "${shim.id}" disconnected`);
    const known = (): boolean => this.get(shim.namespace, shim.id) === shim;
    try {
      const exit = await this.bury(shim.bundle, shim.binary, known);
      this.forget(shim);
      shim.death.resolve(exit);
    } catch (error) {
      this.forget(shim);
      shim.death.reject(error);
    }
  }

  /** The next task of the same id waits until the parting shim has let go of its socket. */
  #part(shim: Shim): void {
    const key = keyOf(shim.namespace, shim.id);
    const parting = Promise.race([shim.closed, Bun.sleep(partingMs)]).then(() => {
      shim.close();
      if (this.#parting.get(key) === parting) this.#parting.delete(key);
    });
    this.#parting.set(key, parting);
  }

  #removeBundle(bundle: Bundle): void {
    try {
      bundle.remove();
    } catch (error) {
      this.#options.logger.warn(`cannot remove bundle "${bundle.path}": ${messageOf(error)}`);
    }
  }
}
