/**
 * One stream of json-file mode: first the log, then whoever watches live. The writer (one file, two streams) belongs to the
 * `JsonFileLog`, which is closed after both.
 */
import { messageOf } from '@docker-ts/base/errors';
import { wallTime } from '@docker-ts/linux/clock';
import { JsonFileWriter } from '@docker-ts/logs/json-file-writer';
import { JsonLineEncoder } from '@docker-ts/logs/json-line';
import type { Log } from '../log.ts';
import type { JsonFileUri } from './stdio-uri.ts';
import type { Sink } from './sink.ts';

export class JsonFileLog implements Disposable {
  readonly #writer: JsonFileWriter;
  readonly #attrs: Readonly<Record<string, string>>;
  readonly #log: Log;
  #reportedDrops = 0;
  #open = 0;

  constructor(uri: JsonFileUri, log: Log) {
    const { path, maxSizeBytes, maxFiles, attrs } = uri;
    this.#writer = JsonFileWriter.open({
      path,
      ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
      ...(maxFiles === undefined ? {} : { maxFiles }),
    });
    this.#attrs = attrs;
    this.#log = log;
  }

  /** A sink for one of the streams; the log closes with the last of them. */
  sink(stream: 'stdout' | 'stderr', live: Sink | undefined): Sink {
    this.#open += 1;
    return new JsonFileSink(new JsonLineEncoder(this.#writer, stream, this.#attrs), live, this);
  }

  flush(): void {
    this.#writer.flush();
    const { lines, error } = this.#writer.dropped;
    if (lines > 0 && this.#reportedDrops === 0) this.#log.error(`log lines are lost: ${messageOf(error)}`);
    this.#reportedDrops = lines;
  }

  release(): void {
    this.#open -= 1;
    if (this.#open === 0) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }
}

class JsonFileSink implements Sink {
  readonly broken = false;
  readonly #encoder: JsonLineEncoder;
  readonly #live: Sink | undefined;
  readonly #file: JsonFileLog;
  #closed = false;

  constructor(encoder: JsonLineEncoder, live: Sink | undefined, file: JsonFileLog) {
    this.#encoder = encoder;
    this.#live = live;
    this.#file = file;
  }

  ready(): boolean {
    return this.#live?.ready() ?? true;
  }

  write(chunk: Uint8Array): void {
    this.#encoder.push(chunk, wallTime());
    this.#file.flush();
    this.#live?.write(chunk);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#encoder.end(wallTime());
    this.#file.flush();
    this.#live?.close();
    this.#file.release();
  }
}
