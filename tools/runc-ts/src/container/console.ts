/** Where the master of a container's terminal goes: to a socket that the caller names, or to this process. */
import { closeSync } from 'node:fs';
import { invalidArgument } from '@docker-ts/base/errors';
import { connectLocalSocket, receiveDescriptor, socketPair } from '@docker-ts/linux/local-socket';

export class ConsoleReceiver implements Disposable {
  /** For the init; -1: there is no terminal. */
  readonly fd: number;
  readonly #receiving: number;

  private constructor(fd: number, receiving: number) {
    this.fd = fd;
    this.#receiving = receiving;
  }

  /** invalid_argument: the socket is missing where nobody else could take the terminal, or given where there is none. */
  static open(terminal: boolean, socketPath: string | undefined, detached: boolean): ConsoleReceiver {
    if (socketPath !== undefined) {
      if (!terminal || !detached)
        throw invalidArgument('cannot use console socket if runc will not detach or allocate tty');
      return new ConsoleReceiver(connectLocalSocket(socketPath), -1);
    }
    if (!terminal) return new ConsoleReceiver(-1, -1);
    if (detached) throw invalidArgument('cannot allocate tty if runc will detach without setting console socket');
    const [receiving, fd] = socketPair();
    return new ConsoleReceiver(fd, receiving);
  }

  /** The master, once the init has sent it; undefined if it went to somebody else's socket. */
  receive(): number | undefined {
    return this.#receiving < 0 ? undefined : receiveDescriptor(this.#receiving);
  }

  [Symbol.dispose](): void {
    for (const fd of [this.fd, this.#receiving]) if (fd >= 0) closeSync(fd);
  }
}
