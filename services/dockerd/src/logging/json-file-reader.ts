/**
 * Reads a container's json-file log, whoever writes it (the shim, or the daemon for other shims), while it is written and
 * rotated. Lines that cannot be parsed, such as one torn by a full disk, are passed over.
 */
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseTimeNs } from '../containers/clock.ts';
import type { OutputStream } from '../stdio/multiplex.ts';
import { LogFileCursor, tailPosition, logFiles } from './log-files.ts';

export interface LogLine {
  /** With its newline, unless it is part of a longer line or the last thing that was said. */
  readonly text: string;
  readonly stream: OutputStream;
  /** RFC 3339. */
  readonly time: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface LogReadOptions {
  readonly path: string;
  /** Only the last so many lines; absent: all. */
  readonly tail?: number;
  readonly sinceNs?: bigint;
  readonly untilNs?: bigint;
  /** Go on with what is written later, until `ended` says that nothing more will be, or the signal. */
  readonly follow?: { readonly signal: AbortSignal; readonly ended: () => boolean };
}

/** The directory's watch tells of writes and rotations; this is for file systems that tell nothing. */
const pollMs = 500;

/** Lines in batches, oldest first. */
export async function* readJsonFileLog(options: LogReadOptions): AsyncGenerator<LogLine[]> {
  for await (const lines of rawLines(options)) {
    const parsed: LogLine[] = [];
    let over = false;
    for (const raw of lines) {
      const line = parseLine(raw);
      if (line === undefined) continue;
      const ns = options.sinceNs === undefined && options.untilNs === undefined ? 0n : parseTimeNs(line.time);
      if (options.sinceNs !== undefined && ns < options.sinceNs) continue;
      if (options.untilNs !== undefined && ns > options.untilNs) {
        over = true;
        break;
      }
      parsed.push(line);
    }
    if (parsed.length > 0) yield parsed;
    if (over) return;
  }
}

interface WireLine {
  readonly log?: unknown;
  readonly stream?: unknown;
  readonly time?: unknown;
  readonly attrs?: Readonly<Record<string, string>>;
}

function parseLine(raw: string): LogLine | undefined {
  let wire: WireLine;
  try {
    wire = JSON.parse(raw) as WireLine;
  } catch {
    return undefined;
  }
  if (typeof wire.log !== 'string' || typeof wire.time !== 'string') return undefined;
  return {
    text: wire.log,
    stream: wire.stream === 'stderr' ? 'stderr' : 'stdout',
    time: wire.time,
    attrs: wire.attrs ?? {},
  };
}

async function* rawLines({ path, tail, follow }: LogReadOptions): AsyncGenerator<string[]> {
  // The watch comes first: what is written after the last read is then heard of.
  using changes = follow === undefined ? undefined : new ChangeWatch(path, follow.signal);
  const { files, offset } =
    tail === undefined ? { files: await logFiles(path), offset: 0 } : await tailPosition(path, tail);
  let cursor: LogFileCursor | undefined;
  try {
    for (const [index, file] of files.entries()) {
      const next = await LogFileCursor.open(file, index === 0 ? offset : 0);
      if (next === undefined) continue;
      await cursor?.[Symbol.asyncDispose]();
      cursor = next;
      yield* remaining(cursor);
    }
    if (follow === undefined || changes === undefined) return;
    while (!follow.signal.aborted) {
      // Asked before the last look: what was written before the end is still seen.
      const over = follow.ended();
      const replaced: LogFileCursor | undefined = await successor(path, cursor);
      if (cursor !== undefined) yield* remaining(cursor);
      if (replaced !== undefined) {
        await cursor?.[Symbol.asyncDispose]();
        cursor = replaced;
        yield* remaining(cursor);
      } else if (over) return;
      else await changes.next();
    }
  } finally {
    await cursor?.[Symbol.asyncDispose]();
  }
}

async function* remaining(cursor: LogFileCursor): AsyncGenerator<string[]> {
  for (let lines = await cursor.lines(); lines !== undefined; lines = await cursor.lines()) yield lines;
}

/** The file that has taken the log's name since `cursor` was opened; `undefined` if it is still the same. */
async function successor(path: string, cursor: LogFileCursor | undefined): Promise<LogFileCursor | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.ino === cursor?.inode) return undefined;
  return LogFileCursor.open(path);
}

/** Wakes a reader when something happens in the log's folder. */
class ChangeWatch implements Disposable {
  readonly #close: () => void;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string, signal: AbortSignal) {
    const wake = (): void => {
      this.#changed = true;
      this.#wake?.();
    };
    const watcher = watchFolder(dirname(path), wake);
    const timer = setInterval(wake, pollMs);
    signal.addEventListener('abort', wake, { once: true });
    this.#close = () => {
      watcher?.close();
      clearInterval(timer);
      signal.removeEventListener('abort', wake);
    };
  }

  async next(): Promise<void> {
    if (!this.#changed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

function watchFolder(folder: string, onChange: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', () => {});
    return watcher;
  } catch {
    // no such folder yet, or no more watches to be had: the timer does it
    return undefined;
  }
}
