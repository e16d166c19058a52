/**
 * A ttrpc server for generated service definitions. All requests of a connection are served at once and answered as they
 * finish; several connections are taken, each from a process of the same user only (SO_PEERCRED), as Go's shims have it.
 *
 * Nothing heavy is imported here: a shim's start-up is on the path of every `docker run`.
 */
import { type CodedError, unavailable } from '@docker-ts/base/errors';
import { peerCredentials } from '@docker-ts/linux/peer-cred';
import { UnixSocket, type UnixListener } from '@docker-ts/linux/unix-socket';
import type { MethodDefinition, ServedMethod, ServiceDefinition, ServiceImplementation } from './service.ts';
import { claimSocketPath } from './socket-path.ts';
import { TtrpcServerConnection } from './ttrpc-server-connection.ts';

export interface TtrpcServerOptions {
  /** Told of failures that carry no code: they are defects, and the caller sees only their message. */
  readonly onDefect?: (method: string, error: unknown) => void;
}

type AnyImplementation = Readonly<Record<string, ServedMethod['invoke'] | undefined>>;

export class TtrpcServer implements AsyncDisposable {
  /** By service and method, both as the wire has them. */
  readonly #services = new Map<string, Map<string, ServedMethod>>();
  readonly #connections = new Set<TtrpcServerConnection>();
  readonly #listeners: UnixListener[] = [];
  readonly #onDefect: (method: string, error: unknown) => void;

  constructor(options: TtrpcServerOptions = {}) {
    this.#onDefect = options.onDefect ?? (() => {});
  }

  /** Serves a service. */
  register<Definition extends ServiceDefinition>(
    definition: Definition,
    implementation: ServiceImplementation<Definition>,
  ): this {
    const target = implementation as unknown as AnyImplementation;
    const methods = new Map<string, ServedMethod>();
    for (const [key, method] of Object.entries<MethodDefinition>(definition.methods)) {
      if (target[key] === undefined) continue;
      methods.set(method.name, { definition: method, invoke: (request, context) => target[key]!(request, context) });
    }
    this.#services.set(definition.fullName, methods);
    return this;
  }

  /** Listens on a unix socket. A socket that somebody listens on is already_exists; one that nobody does is replaced. */
  async listen(path: string, options: { mode?: number } = {}): Promise<void> {
    await claimSocketPath(path);
    this.#listeners.push(UnixSocket.listen(path, options.mode ?? 0o600, (socket) => this.accept(socket)));
  }

  /** Serves a connection; one of another user is closed at once. */
  accept(socket: UnixSocket): void {
    if (!isSameUser(socket)) {
      socket.destroy();
      return;
    }
    const connection = new TtrpcServerConnection(socket, {
      services: this.#services,
      onDefect: this.#onDefect,
      onClose: () => void this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  /** The number of open connections. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Stops listening, aborts the calls that are under way, gives them some time to answer, and closes the connections after
   * the answers are with the kernel.
   */
  async close(graceMs = 1000): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    const reason: CodedError = unavailable('cannot finish the call: the server is shutting down');
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.all([...this.#connections].map((connection) => connection.shutdown(reason))),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs))),
    ]);
    clearTimeout(timer);
    for (const connection of this.#connections) connection.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isSameUser(socket: UnixSocket): boolean {
  try {
    return peerCredentials(socket.fd).uid === process.geteuid?.();
  } catch {
    return false;
  }
}
