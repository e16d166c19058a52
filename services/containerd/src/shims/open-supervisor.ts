/** The supervisor of the daemon's shims with its folders and log, put together. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventPublisher } from '../events/publisher.ts';
import { recoverShims } from './recovery.ts';
import { ShimLocator, type ShimLocatorOptions } from './runtime-name.ts';
import type { ShimEnvironment } from './shim-binary.ts';
import { ShimLog } from './shim-log.ts';
import { type ShimLogger, ShimSupervisor } from './shim-supervisor.ts';

export interface SupervisorOptions {
  /** The daemon's root and state; tasks have `io.containerd.runtime.v2.task` below each. */
  readonly root: string;
  readonly state: string;
  readonly locator: ShimLocatorOptions;
  readonly environment: ShimEnvironment;
  readonly publisher: EventPublisher;
  readonly logger: ShimLogger;
  /** Takes what shims print as their log. */
  readonly writeLog: (bytes: Uint8Array) => void;
}

export interface OpenSupervisor extends Disposable {
  readonly supervisor: ShimSupervisor;
  /** Finds the living shims; before the daemon serves. `publisher` should tell latecomers, too. */
  recover(
    runtimeOf: (namespace: string, id: string) => Promise<string | undefined>,
    publisher: EventPublisher,
  ): Promise<void>;
}

const taskFolder = 'io.containerd.runtime.v2.task';

/** Opens the folders and the log; starts and finds nothing yet. Disposing leaves the shims alive. */
export function openSupervisor(options: SupervisorOptions): OpenSupervisor {
  const folders = [options.state, options.root].map((parent) => join(parent, taskFolder));
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    // containers with a user namespace have to pass through
    chmodSync(folder, 0o711);
  }
  const [state = '', root = ''] = folders;
  const log = ShimLog.open(join(state, '.log'), options.writeLog);
  const locator = new ShimLocator(options.locator);
  const { environment, publisher, logger } = options;
  const supervisor = new ShimSupervisor({
    folders: { state, root, logFifo: log.path },
    locator,
    environment,
    publisher,
    logger,
  });
  return {
    supervisor,
    recover: (runtimeOf, recoveryPublisher) =>
      recoverShims({ supervisor, locator, logger, runtimeOf, publisher: recoveryPublisher }),
    [Symbol.dispose]: () => {
      supervisor[Symbol.dispose]();
      log[Symbol.dispose]();
    },
  };
}
