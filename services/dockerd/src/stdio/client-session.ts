/**
 * One client on the streams of one process, as attach and exec start have it: output framed or raw, input with detach keys. The
 * session ends when the output ends, the client leaves, or the detach keys are pressed.
 */
import type { ClientConnection } from './client-connection.ts';
import { DetachKeyFilter } from './detach-keys.ts';
import type { FifoWriter } from './fifo-writer.ts';
import { frame, type OutputStream } from './multiplex.ts';
import type { OutputHub } from './output-hub.ts';

export interface ClientSessionOptions {
  readonly connection: ClientConnection;
  readonly output: OutputHub;
  /** Streams that the client wants to see. */
  readonly streams: ReadonlySet<OutputStream>;
  /** With a terminal the stream is raw. */
  readonly tty: boolean;
  /** Where input goes, once the process runs; absent if the client sends none. */
  readonly stdin?: () => Promise<FifoWriter>;
  /** The client has sent its last byte. */
  readonly onInputEnd?: () => Promise<void>;
  readonly detachKeys: readonly number[];
  /** Between joining the output and the first byte of it: nothing can be missed. */
  readonly onJoined?: () => void;
}

export type SessionEnd = 'output-ended' | 'client-gone' | 'detached';

/** Runs the session to its end; the connection is ended then. */
export async function runClientSession(options: ClientSessionOptions): Promise<SessionEnd> {
  const { connection, output, streams, tty } = options;
  const member = output.join({
    write: (stream, chunk) => {
      if (!streams.has(stream)) return undefined;
      return connection.write(tty ? chunk : frame(stream, chunk));
    },
  });
  options.onJoined?.();
  const left = new Promise<SessionEnd>((resolve) => {
    if (connection.gone.aborted) resolve('client-gone');
    connection.gone.addEventListener('abort', () => resolve('client-gone'), { once: true });
  });
  let over = false;
  const detached = pumpInput(options, () => over);
  const end = await Promise.race([left, detached, member.gone.then((): SessionEnd => 'output-ended')]);
  over = true;
  member.leave();
  connection.end();
  return end;
}

/** Settles only if the client detaches: an input that ends leaves the output going. */
async function pumpInput(options: ClientSessionOptions, isOver: () => boolean): Promise<SessionEnd> {
  const { connection, stdin, detachKeys, tty } = options;
  const never = new Promise<SessionEnd>(() => {});
  const filter = new DetachKeyFilter(tty ? detachKeys : []);
  // Even unwanted input is read: otherwise the client's end would not be noticed.
  for await (const chunk of connection.input) {
    if (stdin === undefined) continue;
    const { data, detached } = filter.push(chunk);
    if (data.length > 0) {
      const writer = await stdin();
      // what came for a run that never began is not the next one's
      if (isOver()) return never;
      await writer.write(data);
    }
    if (detached) return 'detached';
  }
  if (stdin === undefined) return never;
  const rest = filter.rest();
  if (rest.length > 0) await (await stdin()).write(rest);
  await options.onInputEnd?.();
  return never;
}
