/**
 * What goes wrong, where runc's callers look for it: the last line of the log file (`--log`, JSON for containerd's shim) and stderr.
 */
import { appendFileSync } from 'node:fs';
import { isTerminal, writeText } from '@docker-ts/linux/standard-stream';

export type LogLevel = 'debug' | 'warning' | 'error';

export interface LogSettings {
  /** Empty: stderr. */
  readonly path: string;
  readonly format: 'text' | 'json';
  readonly debug: boolean;
}

const shortLevels: Readonly<Record<LogLevel, string>> = { debug: 'DEBU', warning: 'WARN', error: 'ERRO' };

export class Log {
  readonly #settings: LogSettings;

  constructor(settings: LogSettings) {
    this.#settings = settings;
  }

  #format(level: LogLevel, message: string): string {
    const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    if (this.#settings.format === 'json') return `${JSON.stringify({ level, msg: message, time })}\n`;
    if (this.#settings.path === '' && isTerminal(2)) return `${shortLevels[level]}[0000] ${message}\n`;
    return `time="${time}" level=${level} msg=${JSON.stringify(message)}\n`;
  }

  write(level: LogLevel, message: string): void {
    if (level === 'debug' && !this.#settings.debug) return;
    const line = this.#format(level, message);
    if (this.#settings.path === '') writeText(2, line);
    else appendFileSync(this.#settings.path, line, { mode: 0o644 });
  }

  /** The error that ends the program: to the log, and to stderr as well. */
  fatal(message: string): void {
    try {
      this.write('error', message);
    } catch {
      // a log that cannot be written must not hide what happened
    }
    if (this.#settings.path !== '') writeText(2, `${message}\n`);
  }
}
