/**
 * The files of one json-file log, from the oldest to the one being written:
 *
 *     ID-json.log.2   ID-json.log.1   ID-json.log
 *
 * Rotation renames each to the next number; with a single file it is emptied instead. A file that is open stays readable
 * whatever its name becomes.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** One open file and how far it has been read. */
export class LogFileCursor implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly inode: number;
  position: number;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(handle: FileHandle, inode: number, position: number) {
    this.#handle = handle;
    this.inode = inode;
    this.position = position;
  }

  /** `undefined` if there is no such file. */
  static async open(path: string, position = 0): Promise<LogFileCursor | undefined> {
    try {
      const handle = await open(path, 'r');
      return new LogFileCursor(handle, (await handle.stat()).ino, position);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The next whole lines, without their ends; `undefined` at the end of what is written. */
  async lines(): Promise<string[] | undefined> {
    for (;;) {
      const block = Buffer.allocUnsafe(blockBytes);
      const { bytesRead } = await this.#handle.read(block, 0, blockBytes, this.position);
      if (bytesRead === 0) return this.#atEnd();
      this.position += bytesRead;
      const data = Buffer.concat([this.#rest, block.subarray(0, bytesRead)]);
      const end = data.lastIndexOf(newline);
      this.#rest = data.subarray(end + 1);
      if (end >= 0) return data.toString('utf8', 0, end).split('\n');
    }
  }

  /** A file that has become shorter was emptied: it starts anew. */
  async #atEnd(): Promise<string[] | undefined> {
    if ((await this.#handle.stat()).size >= this.position) return undefined;
    this.position = 0;
    this.#rest = Buffer.alloc(0);
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** All files of a log that exist, oldest first. */
export async function logFiles(path: string): Promise<string[]> {
  const files = [path];
  for (let i = 1; ; i += 1) {
    const rotated = `${path}.${i}`;
    if ((await stat(rotated).catch(() => undefined)) === undefined) return files.toReversed();
    files.push(rotated);
  }
}

/** Where the last `count` lines begin: files that hold any of them, oldest first, the first with its offset. */
export async function tailPosition(
  path: string,
  count: number,
): Promise<{ readonly files: readonly string[]; readonly offset: number }> {
  const files = await logFiles(path);
  let wanted = count;
  for (let i = files.length - 1; i >= 0; i -= 1) {
    const found = await findLineFromEnd(files[i] ?? path, wanted);
    if (found.lines >= wanted) return { files: files.slice(i), offset: found.offset };
    wanted -= found.lines;
  }
  return { files, offset: 0 };
}

/** Reads backwards until `count` lines are behind. */
async function findLineFromEnd(path: string, count: number): Promise<{ lines: number; offset: number }> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return { lines: 0, offset: 0 };
  try {
    const { size } = await handle.stat();
    if (count === 0) return { lines: 0, offset: size };
    const block = Buffer.allocUnsafe(blockBytes);
    let lines = 0;
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - blockBytes);
      const { bytesRead } = await handle.read(block, 0, end - start, start);
      for (let at = bytesRead - 1; at >= 0; at -= 1) {
        // The file's own last newline ends the last line and begins none.
        if (block[at] !== newline || start + at === size - 1) continue;
        lines += 1;
        if (lines === count) return { lines, offset: start + at + 1 };
      }
      end = start;
    }
    return { lines: size > 0 ? lines + 1 : 0, offset: 0 };
  } finally {
    await handle.close();
  }
}
