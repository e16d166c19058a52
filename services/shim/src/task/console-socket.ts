/** The socket that the runtime sends a terminal's master to: in a private folder, gone as soon as the master is here. */
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unknown, messageOf } from '@docker-ts/base/errors';
import { listenConsoleSocket, receiveConsole } from '@docker-ts/linux/pty';

export class ConsoleSocket implements Disposable {
  readonly path: string;
  readonly #folder: string;
  readonly #listener: number;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'pty.sock');
    this.#listener = listenConsoleSocket(this.path);
  }

  static open(): ConsoleSocket {
    // XDG_RUNTIME_DIR may be deep; sun_path holds 107 bytes.
    return new ConsoleSocket(mkdtempSync(join(tmpdir(), 'pty')));
  }

  /** The master; call it when the runtime has ended. */
  receive(): number {
    try {
      return receiveConsole(this.#listener);
    } catch (error) {
      throw unknown(`failed to retrieve console master: ${messageOf(error)}`, error);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#listener);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
