/**
 * The stdio of one process, from the descriptors that the runtime is started with to the last byte delivered.
 *
 *     const io = await ProcessIo.open(…)      the container's ends exist, `childStdio` goes to the runtime
 *     io.childStarted()                       the runtime has them: ours are closed
 *     await io.attach(master?)                copying begins; a terminal's master came over the console socket
 *     io.processExited()                      input is closed; output still comes
 *     await io.drain()                        the end of the output, or ten seconds
 *     await io[Symbol.asyncDispose]()
 */
import { closeSync, fchownSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { makePipe } from '@docker-ts/linux/byte-io';
import { setWindowSize } from '@docker-ts/linux/pty';
import type { Log } from '../log.ts';
import type { Reaper } from '../process/reaper.ts';
import { DescriptorSink } from './descriptor-sink.ts';
import { LoggerProcess } from './logger-process.ts';
import { NullSink } from './null-sink.ts';
import { openOutputSinks, type OutputSinks, wantedStreams } from './output-sinks.ts';
import { Pump } from './pump.ts';
import type { Readiness } from './readiness.ts';
import { Stdin } from './stdin.ts';
import { type OutputAddress, parseOutput, type Stdio } from './stdio-uri.ts';

export interface ProcessIoOptions {
  readonly stdio: Stdio;
  readonly containerId: string;
  readonly namespace: string;
  /** Owner of the pipes, for user namespaces. */
  readonly ioUid: number;
  readonly ioGid: number;
  readonly readiness: Readiness;
  readonly reaper: Reaper;
  readonly log: Log;
}

const drainTimeoutMs = 10_000;
/** The last close of a terminal's slave side raises no signal. */
const terminalPokeMs = 20;

export class ProcessIo implements AsyncDisposable {
  /** 0, 1, 2 of the runtime's process; null is /dev/null. */
  readonly childStdio: (number | null)[] = [null, null, null];
  readonly #options: ProcessIoOptions;
  readonly #address: OutputAddress;
  #sinks: Promise<OutputSinks> | undefined;
  #logger: LoggerProcess | undefined;
  #childEnds: number[] = [];
  #stdinEnd = -1;
  #outputEnds: { stdout: number; stderr: number } = { stdout: -1, stderr: -1 };
  #stdin: Stdin | undefined;
  #stdinClosed = false;
  #outputs: Pump[] = [];
  /** Reading ends of the client's FIFOs. */
  #keep: number[] = [];
  #console = -1;
  #terminalTimer: Timer | undefined;

  private constructor(options: ProcessIoOptions) {
    this.#options = options;
    this.#address = parseOutput(options.stdio);
  }

  static async open(options: ProcessIoOptions): Promise<ProcessIo> {
    const io = new ProcessIo(options);
    try {
      await io.#openOutput();
      if (!options.stdio.terminal && options.stdio.stdin !== '') io.#openStdinPipe();
      return io;
    } catch (error) {
      await io[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Closes the container's ends, which the runtime has now. */
  childStarted(): void {
    for (const fd of this.#childEnds) closeSync(fd);
    this.#childEnds = [];
    // A terminal's output reaches the logger through us: its ends stay.
    if (!this.#options.stdio.terminal) this.#logger?.closeEnds();
  }

  /** Starts copying; waits for the client where it has to open its FIFOs first. */
  async attach(console?: number): Promise<void> {
    const { stdio, readiness } = this.#options;
    if (console !== undefined) {
      this.#console = console;
      readiness.watch(console);
      if (stdio.stdin !== '')
        this.#stdin = Stdin.open(stdio.stdin, new DescriptorSink(console, { owned: false }), readiness);
    } else if (this.#stdinEnd >= 0) {
      readiness.watch(this.#stdinEnd);
      const sink = new DescriptorSink(this.#stdinEnd);
      this.#stdinEnd = -1;
      this.#stdin = Stdin.open(stdio.stdin, sink, readiness);
    }
    if (this.#stdinClosed) this.#stdin?.closeWriter();
    const sinks = await this.#sinks;
    this.#sinks = undefined;
    this.#keep.push(...(sinks?.keep ?? []));
    if (console !== undefined) this.#copyConsole(console, sinks);
    else this.#copyPipes(sinks);
  }

  /** CloseIO. Before the input is attached it is remembered. */
  closeStdin(): void {
    this.#stdinClosed = true;
    this.#stdin?.closeWriter();
  }

  /** Nothing happens without a terminal. */
  resize(columns: number, rows: number): void {
    if (this.#console >= 0) setWindowSize(this.#console, columns, rows);
  }

  /** The process has ended: nobody reads its input any more. */
  processExited(): void {
    this.#stdin?.[Symbol.dispose]();
    this.#stdin = undefined;
    this.#options.readiness.pokeAll();
    if (this.#console < 0) return;
    this.#terminalTimer = setInterval(() => this.#options.readiness.pokeAll(), terminalPokeMs);
    void Promise.all(this.#outputs.map((pump) => pump.done)).then(() => clearInterval(this.#terminalTimer));
  }

  /** True if all output was delivered in time; another process may hold the pipe open, or the client not read. */
  async drain(): Promise<boolean> {
    const timeout = new AbortController();
    const drained = Promise.all(this.#outputs.map((pump) => pump.done)).then(() => true);
    const late = delay(drainTimeoutMs, false, { signal: timeout.signal }).catch(() => false);
    try {
      return await Promise.race([drained, late]);
    } finally {
      timeout.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#terminalTimer);
    this.#stdin?.[Symbol.dispose]();
    this.#stdin = undefined;
    for (const pump of this.#outputs) pump.close();
    this.childStarted();
    const { stdout, stderr } = this.#outputEnds;
    for (const fd of [this.#stdinEnd, stdout, stderr, this.#console, ...this.#keep]) if (fd >= 0) closeSync(fd);
    this.#keep = [];
    this.#stdinEnd = -1;
    this.#outputEnds = { stdout: -1, stderr: -1 };
    this.#console = -1;
    this.#closeUnusedSinks();
    await this.#logger?.[Symbol.asyncDispose]();
    this.#logger = undefined;
  }

  async #openOutput(): Promise<void> {
    const { stdio, readiness, reaper, containerId, namespace, log } = this.#options;
    if (this.#address.kind === 'binary') {
      const uri = this.#address;
      this.#logger = await LoggerProcess.start({ uri, containerId, namespace, reaper, readiness });
      if (!stdio.terminal) this.childStdio.splice(1, 2, this.#logger.stdout, this.#logger.stderr);
      return;
    }
    // Opened while the runtime works; `attach` waits for it.
    this.#sinks = openOutputSinks(this.#address, stdio, readiness, log);
    this.#sinks.catch(() => {});
    if (stdio.terminal) return;
    const wanted = wantedStreams(this.#address, stdio);
    if (wanted.stdout) this.#outputEnds.stdout = this.#openOutputPipe(1);
    if (wanted.stderr) this.#outputEnds.stderr = this.#openOutputPipe(2);
  }

  #openOutputPipe(number: 1 | 2): number {
    const { readEnd, writeEnd } = makePipe();
    this.#giveChild(number, writeEnd);
    return readEnd;
  }

  #openStdinPipe(): void {
    const { readEnd, writeEnd } = makePipe();
    this.#giveChild(0, readEnd);
    this.#stdinEnd = writeEnd;
  }

  #giveChild(number: 0 | 1 | 2, fd: number): void {
    const { ioUid, ioGid } = this.#options;
    this.childStdio[number] = fd;
    this.#childEnds.push(fd);
    if (ioUid !== 0 || ioGid !== 0) fchownSync(fd, ioUid, ioGid);
  }

  #copyPipes(sinks: OutputSinks | undefined): void {
    const { readiness } = this.#options;
    const { stdout, stderr } = this.#outputEnds;
    this.#outputEnds = { stdout: -1, stderr: -1 };
    if (sinks?.stdout) this.#outputs.push(new Pump({ source: stdout, sink: sinks.stdout, readiness }));
    if (sinks?.stderr) this.#outputs.push(new Pump({ source: stderr, sink: sinks.stderr, readiness }));
  }

  #copyConsole(console: number, sinks: OutputSinks | undefined): void {
    const { readiness } = this.#options;
    let sink = sinks?.stdout;
    if (this.#logger) {
      const stdout = this.#logger.handOver();
      readiness.watch(stdout);
      sink = new DescriptorSink(stdout);
    }
    // Without a reader the terminal's output is dropped; it must be read all the same, or the process would block.
    sink ??= new NullSink();
    this.#outputs.push(new Pump({ source: console, sink, readiness, ownsSource: false }));
  }

  #closeUnusedSinks(): void {
    const pending = this.#sinks;
    this.#sinks = undefined;
    const close = (sinks: OutputSinks): void => {
      sinks.stdout?.close();
      sinks.stderr?.close();
      for (const fd of sinks.keep) closeSync(fd);
    };
    // Not awaited: an open that waits for a client may take its whole time.
    void pending?.then(close, () => {});
  }
}
