/**
 * The shim's own log: one line of logrus' text format on stderr, which in the background is the bundle's `log` FIFO; the
 * daemon copies it into its own log.
 */
import { writeBytes } from '@docker-ts/linux/byte-io';

const levels = ['debug', 'info', 'warning', 'error'] as const;
type Level = (typeof levels)[number];

export class Log {
  readonly #lowest: number;

  constructor(debug = false) {
    this.#lowest = debug ? 0 : 1;
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  warn(message: string): void {
    this.#write('warning', message);
  }

  error(message: string): void {
    this.#write('error', message);
  }

  #write(level: Level, message: string): void {
    if (levels.indexOf(level) < this.#lowest) return;
    const line = `time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}\n`;
    try {
      // A FIFO that is full, or whose daemon is away, takes nothing: there is nowhere left to say it.
      writeBytes(2, Buffer.from(line));
    } catch {
      // Closed, or no such thing from the beginning.
    }
  }
}
