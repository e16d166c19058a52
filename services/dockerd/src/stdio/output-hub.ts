/**
 * Where the output of one process meets the clients that watch it. Every client sees every byte from the moment it came; the
 * slowest one sets the pace, because output that is held back stays in the process's pipe and not in the daemon's memory.
 */
import type { OutputStream } from './multiplex.ts';

/** One watching client. */
export interface OutputSink {
  /** Settles when there is room for more. A rejection takes the sink off. */
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
}

interface Member {
  readonly sink: OutputSink;
  readonly gone: Promise<void>;
  readonly leave: () => void;
  /** Since when it has had no room (performance.now); `undefined` while it has. */
  fullSinceMs: number | undefined;
}

export class OutputHub {
  readonly #members = new Set<Member>();
  /** Told when the first sink comes and the last one goes. */
  onAudience: ((present: boolean) => void) | undefined;

  get hasAudience(): boolean {
    return this.#members.size > 0;
  }

  /** Adds a sink; `gone` settles when the output ended or the sink left. */
  join(sink: OutputSink): { readonly gone: Promise<void>; leave(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const member: Member = {
      sink,
      gone: promise,
      fullSinceMs: undefined,
      leave: () => {
        if (!this.#members.delete(member)) return;
        resolve();
        if (this.#members.size === 0) this.onAudience?.(false);
      },
    };
    this.#members.add(member);
    if (this.#members.size === 1) this.onAudience?.(true);
    return { gone: promise, leave: member.leave };
  }

  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void> {
    let waits: Promise<void>[] | undefined;
    for (const member of this.#members) {
      const room = writeTo(member, stream, chunk);
      if (room !== undefined) (waits ??= []).push(room);
    }
    return waits === undefined ? undefined : Promise.all(waits).then(() => {});
  }

  /** Sinks that have had no room for so long are let go, and hold up nobody any more. */
  dropStalled(limitMs: number): void {
    const before = performance.now() - limitMs;
    for (const member of this.#members)
      if (member.fullSinceMs !== undefined && member.fullSinceMs <= before) member.leave();
  }

  /** The process's output is over: everybody is let go. */
  end(): void {
    for (const member of this.#members) member.leave();
  }
}

function writeTo(member: Member, stream: OutputStream, chunk: Uint8Array): void | Promise<void> {
  try {
    const room = member.sink.write(stream, chunk);
    if (room === undefined) return undefined;
    member.fullSinceMs = performance.now();
    const settled = room.then(() => {
      member.fullSinceMs = undefined;
    }, member.leave);
    // one that left is not waited for
    return Promise.race([settled, member.gone]);
  } catch {
    member.leave();
    return undefined;
  }
}
