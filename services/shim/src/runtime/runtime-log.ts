/** The runtime's log (`--log FILE --log-format json`): one JSON object a line, `{"level":"error","msg":"…","time":"…"}`. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

/** How much of the end is looked at; an error is the last thing that a runtime says. */
const windowBytes = 64 * 1024;

/** Where the log ends now: the start of what the next command will add. */
export function logEnd(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readFrom(path: string, offset: number): string {
  const fd = openSync(path, 'r');
  try {
    const size = logEnd(path);
    const start = Math.max(offset, size - windowBytes);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, start));
  } finally {
    closeSync(fd);
  }
}

/** The message of the last error line since `offset`; undefined if there is none, or no log. */
export function lastRuntimeError(path: string, offset: number): string | undefined {
  let text: string;
  try {
    text = readFrom(path, offset);
  } catch {
    return undefined;
  }
  return lastError(text);
}

/** The same in text; lines that are no JSON objects are skipped. */
export function lastError(text: string): string | undefined {
  for (const line of text.split('\n').toReversed()) {
    try {
      const entry = JSON.parse(line) as { level?: unknown; msg?: unknown } | null;
      if (entry?.level === 'error' && typeof entry.msg === 'string') return entry.msg.trim();
    } catch {
      // A torn or foreign line.
    }
  }
  return undefined;
}

/** A pid file as runtimes write it. */
export function readPidFile(path: string): number {
  return Number.parseInt(readFileSync(path, 'utf8'), 10);
}
