/** The daemon's log: lines on stderr as containerd writes them (logfmt), or one JSON object each. */
import { createLogger, format, type Logger as WinstonLogger, transports } from 'winston';
import type { LogFormat, LogLevel } from '../config/config.ts';

export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const levels = { panic: 0, fatal: 1, error: 2, warn: 3, info: 4, debug: 5, trace: 6 };

/** Bare where it can be, else quoted as Go quotes. */
const quote = (value: unknown): string => {
  const text = String(value);
  return /^[A-Za-z0-9\-._/@^+]+$/.test(text) ? text : JSON.stringify(text);
};

const logfmt = format.printf(({ timestamp, level, message, ...fields }) => {
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${quote(value)}`);
  return `time=${JSON.stringify(timestamp)} level=${level === 'warn' ? 'warning' : level} msg=${quote(message)}${rest.join('')}`;
});

/** Logs to stderr from the given level on. */
export function openLogger(options: { level: LogLevel; format: LogFormat }): WinstonLogger & Logger {
  return createLogger({
    levels,
    level: options.level,
    format: format.combine(format.timestamp(), options.format === 'json' ? format.json() : logfmt),
    transports: [new transports.Console({ stderrLevels: Object.keys(levels) })],
  });
}
