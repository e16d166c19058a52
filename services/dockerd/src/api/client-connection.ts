/**
 * A client's connection after it was taken over from HTTP (Engine API, "Hijacking"): raw bytes in both directions, each
 * closed on its own. The client's half-close ends `input`; output goes on until the daemon ends it.
 *
 * Two forms of taking over, told apart by the request's `Upgrade: tcp`: with it the answer is `101 UPGRADED`; without it (old
 * clients) `200 OK` with a body of unknown length, whose input cannot be half-closed: Bun's HTTP server takes a half-close
 * in the middle of an answer for the client's departure.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientConnection } from '../stdio/client-connection.ts';

class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** What sockets and responses have in common. */
interface Output {
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  on(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
  readonly destroyed: boolean;
}

class HijackedConnection implements ClientConnection {
  readonly input: AsyncIterable<Uint8Array>;
  readonly #output: Output;
  readonly #gone = new AbortController();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(output: Output, input: AsyncIterable<Uint8Array>) {
    this.#output = output;
    this.input = input;
    const settle = (over: boolean) => (): void => {
      if (over) this.#gone.abort(new ClientGone('the client is gone'));
      if (over) this.#room?.reject(new ClientGone('the client is gone'));
      else this.#room?.resolve();
      this.#room = undefined;
    };
    output.on('drain', settle(false));
    output.on('close', settle(true));
    output.on('error', settle(true));
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.gone.aborted || this.#output.destroyed) return Promise.reject(new ClientGone('the client is gone'));
    if (this.#output.write(bytes)) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  end(): void {
    this.#output.end();
  }
}

/** With `Upgrade`: writes the 101 head on the raw socket. `early` is input that came together with the request. */
export function upgradeConnection(
  socket: Duplex,
  early: Uint8Array,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): ClientConnection {
  const lines = Object.entries({ ...headers, 'Content-Type': contentType, Connection: 'Upgrade', Upgrade: 'tcp' });
  socket.write(`HTTP/1.1 101 UPGRADED\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  return new HijackedConnection(socket, inputOf(socket, early));
}

/** Without `Upgrade`: an answer that ends with the connection. */
export function streamResponse(response: ServerResponse, contentType: string): ClientConnection {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { 'Content-Type': contentType });
  response.flushHeaders();
  return new HijackedConnection(response, nothing());
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* inputOf(socket: Duplex, early: Uint8Array): AsyncGenerator<Uint8Array> {
  if (early.length > 0) yield early;
  try {
    // Leaving the loop must not destroy the socket: output may still follow.
    yield* socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch {
    // a connection that was reset has no more input; `gone` tells the rest
  }
}
