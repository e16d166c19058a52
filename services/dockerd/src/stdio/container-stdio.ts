/**
 * The standard streams of one run of a container: FIFOs below `<exec-root>/containerd/<id>`, on whose other end is the shim.
 *
 * Two ways for the output (StdioMode):
 *
 *     json-file   the shim writes the log; the FIFOs carry a copy for attached clients and are read only while there are any
 *     fifo        any other shim: the daemon reads the FIFOs always and writes the log itself
 *
 * In both, output flows at the pace of the slowest attached client, and nothing is lost between the process's end and `finish`.
 */
import { makeFifo } from '@docker-ts/linux/fifo';
import { rmSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StdioMode } from '../containers/record.ts';
import { FifoReader } from './fifo-reader.ts';
import { FifoWriter } from './fifo-writer.ts';
import { formatJsonFileAddress } from './json-file-address.ts';
import type { OutputStream } from './multiplex.ts';
import type { OutputHub } from './output-hub.ts';

/** How long a client may take nothing of an output that is over before it is let go. */
const stallLimitMs = 5000;

/** Where the output is kept; implemented over packages/logs. */
export interface LogSink {
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  close(): Promise<void>;
}

export interface LogFile {
  readonly path: string;
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface ContainerStdioOptions {
  /** Of this container alone; made if missing. */
  readonly folder: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly mode: StdioMode;
  /** json-file mode: what the shim writes. */
  readonly logFile: LogFile;
  /** fifo mode: what the daemon writes to; absent for the log driver `none`. */
  readonly logSink?: LogSink;
  readonly output: OutputHub;
  /** The process runs already: the FIFOs are there. */
  readonly adopted?: boolean;
}

/** Addresses for containerd's CreateTaskRequest. */
export interface StdioAddresses {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export class ContainerStdio {
  readonly addresses: StdioAddresses;
  /** Absent without OpenStdin. */
  readonly stdin: FifoWriter | undefined;
  readonly #options: ContainerStdioOptions;
  readonly #paths: { readonly stream: OutputStream; readonly path: string }[];
  #readers: FifoReader[] = [];
  #settled: Promise<unknown> = Promise.resolve();
  /** The present readers were not there when the shim opened its ends. */
  #openedLate = false;

  constructor(options: ContainerStdioOptions) {
    this.#options = options;
    const path = (name: string): string => join(options.folder, name);
    const streams: OutputStream[] = options.tty ? ['stdout'] : ['stdout', 'stderr'];
    this.#paths = streams.map((stream) => ({ stream, path: path(`init-${stream}`) }));
    if (options.adopted !== true) {
      rmSync(options.folder, { recursive: true, force: true });
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      for (const { path: fifo } of this.#paths) makeFifo(fifo);
      if (options.openStdin) makeFifo(path('init-stdin'));
    }
    this.stdin = options.openStdin ? new FifoWriter(path('init-stdin')) : undefined;
    this.addresses = this.#makeAddresses(path);
    if (options.mode === 'fifo' || options.output.hasAudience) this.#open();
    this.#openedLate = options.adopted === true;
    if (options.mode === 'json-file') options.output.onAudience = (present) => this.#onAudience(present);
  }

  /**
   * The process has ended: delivers what is left and lets the clients go. A shim opens its ends before the process starts and
   * closes them when the process's own pipes are empty, so that readers that were there from the start see the true end. One that
   * came later may be ahead of the shim, which opens its end with the next output: it waits until the task is `deleted`.
   */
  async finish(deleted: Promise<unknown>): Promise<void> {
    this.#options.output.onAudience = undefined;
    this.stdin?.destroy();
    await this.#settled;
    if (this.#openedLate) await deleted;
    await this.#drain();
    await this.#options.logSink?.close();
    this.#options.output.end();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  /** A client that takes nothing any more must not keep a container from ending. */
  async #drain(): Promise<void> {
    const watchdog = setInterval(() => this.#options.output.dropStalled(stallLimitMs), stallLimitMs / 10);
    await Promise.allSettled(this.#readers.map((reader) => reader.finish()));
    clearInterval(watchdog);
  }

  #makeAddresses(path: (name: string) => string): StdioAddresses {
    const { tty, openStdin, mode, logFile } = this.#options;
    const stdin = openStdin ? path('init-stdin') : '';
    const live = { stdout: path('init-stdout'), stderr: tty ? '' : path('init-stderr') };
    if (mode === 'fifo') return { stdin, ...live, terminal: tty };
    const address = formatJsonFileAddress({
      ...logFile,
      liveStdout: live.stdout,
      ...(tty ? {} : { liveStderr: live.stderr }),
    });
    return { stdin, stdout: address, stderr: tty ? '' : address, terminal: tty };
  }

  #open(): void {
    const { output, logSink } = this.#options;
    this.#readers = this.#paths.map(
      ({ stream, path }) =>
        new FifoReader(path, async (chunk) => {
          // Logged before it is shown: what a client has seen can be read again.
          await logSink?.write(stream, chunk);
          await output.write(stream, chunk);
        }),
    );
  }

  #onAudience(present: boolean): void {
    if (present) {
      this.#openedLate = true;
      this.#settled = this.#settled.then(
        () => this.#options.output.hasAudience && this.#readers.length === 0 && this.#open(),
      );
      return;
    }
    const readers = this.#readers;
    this.#readers = [];
    this.#openedLate = true;
    this.#settled = Promise.allSettled([this.#settled, ...readers.map((reader) => reader.cancel())]);
  }
}
