/**
 * The life of a process, init or exec'd:
 *
 *     created ──start──▶ running ──pause──▶ paused
 *        │                │  ▲                │ │
 *        │                │  └────resume──────┘ │
 *        └─────exit───────┴────────exit─────────┘
 *                         ▼
 *     created ──delete─▶ deleted ◀──delete── stopped
 *
 * Which operations a state allows, and the texts of those it does not, are containerd's (cmd/containerd-shim-runc-v2/process/
 * *_state.go): clients of the Go shim match on them. They carry the code unknown there, and so they do here.
 */
import { notFound, unknown, type CodedError } from '@docker-ts/base/errors';

export type ProcessState = 'created' | 'running' | 'paused' | 'stopped' | 'deleted';
export type Operation = 'start' | 'pause' | 'resume' | 'checkpoint' | 'update' | 'exec' | 'kill' | 'resize' | 'delete';

const allowed: Readonly<Record<ProcessState, ReadonlySet<Operation>>> = {
  created: new Set<Operation>(['start', 'update', 'exec', 'kill', 'resize', 'delete']),
  running: new Set<Operation>(['pause', 'checkpoint', 'update', 'exec', 'kill', 'resize']),
  paused: new Set<Operation>(['resume', 'checkpoint', 'update', 'kill', 'resize']),
  stopped: new Set<Operation>(['kill', 'delete']),
  deleted: new Set<Operation>(),
};

function refusal(state: ProcessState, operation: Operation): CodedError {
  if (state === 'deleted') return notFound(`cannot ${operation} a deleted process`);
  switch (operation) {
    case 'pause':
      return unknown(state === 'created' ? 'cannot pause task in created state' : `cannot pause a ${state} container`);
    case 'resume':
      if (state === 'created') return unknown('cannot resume task in created state');
      return unknown(`cannot resume a ${state} ${state === 'running' ? 'process' : 'container'}`);
    case 'checkpoint':
      return unknown(
        state === 'created' ? 'cannot checkpoint a task in created state' : `cannot checkpoint a ${state} container`,
      );
    case 'update':
    case 'resize':
      return unknown(`cannot ${operation} a ${state} container`);
    case 'exec':
      return unknown(`cannot exec in a ${state} state`);
    case 'start':
    case 'kill':
    case 'delete':
      return unknown(`cannot ${operation} a ${state} process`);
  }
}

/** Where each operation that changes the state leads. */
const moves = { start: 'running', pause: 'paused', resume: 'running', delete: 'deleted' } as const;
export type Move = keyof typeof moves;

export class ProcessLife {
  #state: ProcessState = 'created';

  get state(): ProcessState {
    return this.#state;
  }

  /** Throws if the operation is not for this state. */
  require(operation: Operation): void {
    if (!allowed[this.#state].has(operation)) throw refusal(this.#state, operation);
  }

  /**
   * Records that the operation has succeeded. A process that ended meanwhile stays stopped: the exit is the last word, but for
   * delete.
   */
  moved(move: Move): void {
    if (move === 'delete' || this.#state !== 'stopped') this.#state = moves[move];
  }

  /** The process has ended; false if that was known. */
  exited(): boolean {
    if (this.#state === 'stopped' || this.#state === 'deleted') return false;
    this.#state = 'stopped';
    return true;
  }
}
