/** The daemon's own log: lines of key=value on standard error, as the original's text format. */
import { createLogger, format, type Logger, transports } from 'winston';
import type { LogLevel } from './options.ts';

const levels = { fatal: 0, error: 1, warn: 2, info: 3, debug: 4 } as const;

const quote = (value: string): string => (/[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value);

export function createLog(level: LogLevel): Logger {
  const line = format.printf(({ level: name, message, timestamp, ...fields }) => {
    const extra = Object.entries(fields).map(([key, value]) => ` ${key}=${quote(String(value))}`);
    return `time=${quote(String(timestamp))} level=${name} msg=${JSON.stringify(String(message))}${extra.join('')}`;
  });
  return createLogger({
    level,
    levels,
    format: format.combine(format.timestamp(), line),
    transports: [new transports.Console({ stderrLevels: Object.keys(levels) })],
  });
}
