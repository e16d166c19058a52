/** Makes containers and their exec'd processes from requests: options, root file system, runtime, stdio. */
import { join } from 'node:path';
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import type { CreateTaskRequest, ExecProcessRequest } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { Log } from '../log.ts';
import type { Reaper } from '../process/reaper.ts';
import { findRuntime } from '../runtime/lookup.ts';
import { readOptions } from '../runtime/requested-options.ts';
import { runtimeRoot, saveOptions } from '../runtime/runtime-options.ts';
import { Runtime } from '../runtime/runtime.ts';
import type { ProcessIoOptions } from '../stdio/process-io.ts';
import type { Readiness } from '../stdio/readiness.ts';
import type { Stdio } from '../stdio/stdio-uri.ts';
import { Container } from './container.ts';
import { ExecProcess } from './exec-process.ts';
import { InitProcess } from './init-process.ts';
import { mountRootfs, unmountRootfs } from './rootfs.ts';

export interface FactoryContext {
  readonly namespace: string;
  readonly reaper: Reaper;
  readonly readiness: Readiness;
  readonly log: Log;
}

/** Ids become file names in the bundle (containerd's pkg/identifiers). */
const execIdPattern = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

export class ContainerFactory {
  readonly #context: FactoryContext;
  /** Kept for execs. */
  readonly #options = new WeakMap<Container, Options>();

  constructor(context: FactoryContext) {
    this.#context = context;
  }

  /** The container, created by the runtime and waiting for start; on a failure nothing of it is left. */
  async create(request: CreateTaskRequest): Promise<Container> {
    const { id, bundle } = request;
    const options = readOptions(request.options);
    const rootfs = join(bundle, 'rootfs');
    saveOptions(bundle, options);
    mountRootfs(request.rootfs, rootfs);
    const runtime = this.#runtime(bundle, options);
    try {
      const init = new InitProcess(id, {
        bundle,
        runtime,
        io: this.#io(id, request, options),
        noPivotRoot: options.noPivotRoot,
        noNewKeyring: options.noNewKeyring,
        criuWorkPath: options.criuWorkPath === '' ? join(bundle, 'work') : options.criuWorkPath,
        checkpoint: request.checkpoint,
        parentCheckpoint: request.parentCheckpoint,
      });
      await init.create();
      const container = new Container(id, bundle, init);
      this.#options.set(container, options);
      return container;
    } catch (error) {
      if (request.rootfs.length > 0) unmountRootfs(rootfs);
      throw error;
    }
  }

  /** A further process, not started yet. */
  exec(container: Container, request: ExecProcessRequest): ExecProcess {
    if (!execIdPattern.test(request.execId)) throw invalidArgument(`cannot use exec id "${request.execId}"`);
    return new ExecProcess(container.id, request.execId, {
      bundle: container.bundle,
      runtime: container.init.runtime,
      io: this.#io(container.id, request, this.#options.get(container)),
      spec: parseProcess(request),
    });
  }

  #runtime(bundle: string, options: Options): Runtime {
    const { namespace, reaper, readiness, log } = this.#context;
    return new Runtime({
      binary: findRuntime(options.binaryName),
      root: runtimeRoot(options, namespace),
      logPath: join(bundle, 'log.json'),
      systemdCgroup: options.systemdCgroup,
      reaper,
      readiness,
      log,
    });
  }

  #io(containerId: string, stdio: Stdio, options: Options | undefined): ProcessIoOptions {
    const { stdin, stdout, stderr, terminal } = stdio;
    return {
      ...this.#context,
      stdio: { stdin, stdout, stderr, terminal },
      containerId,
      ioUid: options?.ioUid ?? 0,
      ioGid: options?.ioGid ?? 0,
    };
  }
}

/** The OCI Process document of an Exec; its type URL differs with the client's version of the spec package. */
function parseProcess(request: ExecProcessRequest): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(request.spec?.value ?? new Uint8Array()).toString('utf8'));
  } catch (error) {
    throw invalidArgument(`cannot read the process of exec "${request.execId}": ${messageOf(error)}`, error);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw invalidArgument(`cannot read the process of exec "${request.execId}": not an object`);
  return document as Readonly<Record<string, unknown>>;
}
