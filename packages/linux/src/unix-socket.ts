/**
 * Unix stream sockets on Bun.listen and Bun.connect. node:net does the same, but importing it costs 4 ms of start-up and
 * more memory than some of our processes use in all; a shim that speaks ttrpc needs neither.
 *
 * Bun's write takes what the kernel takes and leaves the rest to the caller. A `UnixSocket` keeps that rest, in order, and
 * tells how much it is, so that whoever produces the bytes can wait for `drain`.
 */
import { unavailable } from '@docker-ts/base/errors';
import { changeMode } from './start-up-file.ts';

export interface UnixSocketEvents {
  /** Bytes as they came; the buffer belongs to the receiver. */
  data(bytes: Uint8Array): void;
  /** Everything written so far is with the kernel. Called only after `write` returned false. */
  drain(): void;
  /** Once, whoever closed it. Nothing is called afterwards. */
  close(): void;
}

export class UnixSocket {
  /** Set by whoever takes the connection, before any event. */
  events: UnixSocketEvents | undefined;
  readonly #socket: Bun.Socket<UnixSocket | undefined>;
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #ending = false;
  #closed = false;

  private constructor(socket: Bun.Socket<UnixSocket | undefined>) {
    this.#socket = socket;
    socket.data = this;
  }

  /** Connects; a failure is unavailable, with the path and the system's reason. */
  static async connect(path: string): Promise<UnixSocket> {
    try {
      const socket = await Bun.connect<UnixSocket | undefined>({
        unix: path,
        data: undefined,
        socket: UnixSocket.#handler(() => {}),
      });
      return socket.data ?? new UnixSocket(socket);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw unavailable(`cannot connect to "${path}": ${code ?? message}`, error);
    }
  }

  /** Listens with the given file mode; `accept` must set the new socket's events at once. */
  static listen(path: string, mode: number, accept: (socket: UnixSocket) => void): UnixListener {
    const umask = process.umask(0o177);
    try {
      const listener = Bun.listen<UnixSocket | undefined>({
        unix: path,
        data: undefined,
        socket: UnixSocket.#handler(accept),
      });
      changeMode(path, mode);
      return new UnixListener(path, listener);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw unavailable(`cannot listen on "${path}": ${code ?? message}`, error);
    } finally {
      process.umask(umask);
    }
  }

  static #handler(opened: (socket: UnixSocket) => void): Bun.SocketHandler<UnixSocket | undefined> {
    return {
      open: (socket) => opened(new UnixSocket(socket)),
      data: (socket, bytes) => socket.data?.events?.data(bytes),
      drain({ data }) {
        if (data) data.#flush();
      },
      close({ data }) {
        if (data) data.#close();
      },
      error: (socket) => socket.terminate(),
    };
  }

  /** The descriptor, for getsockopt and its like. */
  get fd(): number {
    return (this.#socket as unknown as { readonly fd: number }).fd;
  }

  /** Bytes that the kernel has not taken yet. */
  get pendingBytes(): number {
    return this.#restBytes;
  }

  /** True if the kernel took all of it; false if `drain` will follow. On a closed socket nothing happens. */
  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#ending) return true;
    let taken = 0;
    if (this.#restBytes === 0) {
      taken = Math.max(0, this.#socket.write(bytes));
      if (taken === bytes.length) return true;
    }
    this.#rest.push(taken === 0 ? bytes : bytes.subarray(taken));
    this.#restBytes += bytes.length - taken;
    return false;
  }

  /** No more data events until `resume`; what the kernel holds back holds the peer back. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes after everything written is with the kernel. */
  end(): void {
    this.#ending = true;
    if (this.#restBytes === 0) this.#socket.end();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.terminate();
  }

  #flush(): void {
    while (this.#rest.length > 0) {
      const bytes = this.#rest[0]!;
      const taken = Math.max(0, this.#socket.write(bytes));
      this.#restBytes -= taken;
      if (taken < bytes.length) {
        this.#rest[0] = bytes.subarray(taken);
        return;
      }
      this.#rest.shift();
    }
    if (this.#ending) this.#socket.end();
    else this.events?.drain();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = [];
    this.#restBytes = 0;
    this.events?.close();
  }
}

/** A listening socket. Closing it removes its path and leaves the connections alone. */
export class UnixListener implements Disposable {
  readonly path: string;
  readonly #listener: Bun.UnixSocketListener<UnixSocket | undefined>;

  constructor(path: string, listener: Bun.UnixSocketListener<UnixSocket | undefined>) {
    this.path = path;
    this.#listener = listener;
  }

  close(): void {
    this.#listener.stop();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
