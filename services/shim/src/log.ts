/**
 * The shim's own log: one line of logrus' text format on stderr, which in the background is the bundle's `log` FIFO; the
 * daemon copies it into its own log.
 */
import { writeSync } from 'node:fs';

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
      writeSync(2, line);
    } catch {
      // The daemon is away and the FIFO full or gone: there is nowhere left to say it.
    }
  }
}
