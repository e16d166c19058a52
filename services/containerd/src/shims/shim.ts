/**
 * One running shim as one task sees it: its bundle, its executable and the connection to its task service.
 *
 *     connected ── retire ──→ closing ──→ closed
 *         └── the connection breaks ──→ dead (the supervisor cleans up, `death` tells how the task ended)
 */
import { isCode } from '@docker-ts/base/errors';
import { TaskDefinition } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { ClientOf } from '@docker-ts/rpc/service';
import { TtrpcClient } from '@docker-ts/rpc/ttrpc-client';
import { type ShimAddress, type TaskApiVersion, unixPath } from './bootstrap.ts';
import type { Bundle } from './bundle.ts';
import type { ShimBinary, TaskExitRecord } from './shim-binary.ts';

export type TaskClient = ClientOf<typeof TaskDefinition>;

/** Versions 2 and 3 have the same methods and messages under different names. */
const taskDefinitionV2 = { ...TaskDefinition, fullName: 'containerd.task.v2.Task' } as unknown as typeof TaskDefinition;

export class Shim {
  readonly bundle: Bundle;
  readonly binary: ShimBinary;
  /** Settles when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  /** Settles when a shim that died has been cleaned up after; never for one that was retired. */
  readonly death = Promise.withResolvers<TaskExitRecord>();
  /** Set before a close that is no death. */
  closing = false;
  readonly #client: TtrpcClient;
  #version: TaskApiVersion;
  #task: TaskClient;

  private constructor(bundle: Bundle, binary: ShimBinary, client: TtrpcClient, version: TaskApiVersion) {
    this.bundle = bundle;
    this.binary = binary;
    this.closed = client.closed;
    this.#client = client;
    this.#version = version;
    this.#task = this.#clientOf(version);
    // whoever waits for it sees the failure; nobody waiting is no fault
    this.death.promise.catch(() => {});
  }

  /** @throws unavailable if nobody listens there. */
  static async connect(bundle: Bundle, binary: ShimBinary, address: ShimAddress): Promise<Shim> {
    return new Shim(bundle, binary, await TtrpcClient.connect(unixPath(address.address)), address.version);
  }

  get namespace(): string {
    return this.bundle.namespace;
  }

  get id(): string {
    return this.bundle.id;
  }

  /** The task service. Calls fail with unavailable once the connection is closed. */
  get task(): TaskClient {
    return this.#task;
  }

  get version(): TaskApiVersion {
    return this.#version;
  }

  /**
   * Runs a first call, and again with the older service if the shim does not know the newer one: a shim that serves a whole pod may
   * be older than the executable that told us how to reach it.
   */
  async withStepDown<T>(call: (task: TaskClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.#task);
    } catch (error) {
      if (this.#version === 2 || !isCode(error, 'unimplemented')) throw error;
      this.#version = 2;
      this.#task = this.#clientOf(2);
      return await call(this.#task);
    }
  }

  /** Closes the connection; the shim lives on. */
  close(): void {
    this.closing = true;
    this.#client.close();
  }

  #clientOf(version: TaskApiVersion): TaskClient {
    const metadata = { 'containerd-namespace-ttrpc': this.namespace };
    return this.#client.client(version === 2 ? taskDefinitionV2 : TaskDefinition, { metadata });
  }
}
