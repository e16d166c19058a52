/**
 * `binary://`: a program of the user's choice that takes the output. It gets the container's stdout as descriptor 3, stderr as 4, and
 * 5 to say that it is ready: by closing it, or (binary-v2) by a byte (containerd core/runtime/v2/logging).
 */
import { closeSync } from 'node:fs';
import { internal, messageOf } from '@docker-ts/base/errors';
import { makePipe } from '@docker-ts/linux/byte-io';
import type { Child, Reaper } from '../process/reaper.ts';
import { CollectorSink } from './collector-sink.ts';
import { Pump } from './pump.ts';
import type { Readiness } from './readiness.ts';
import type { BinaryUri } from './stdio-uri.ts';

/** After SIGTERM a logger has so long to write out what it holds. */
const terminationTimeoutMs = 12_000;

export interface LoggerOptions {
  readonly uri: BinaryUri;
  readonly containerId: string;
  readonly namespace: string;
  readonly reaper: Reaper;
  readonly readiness: Readiness;
}

export class LoggerProcess implements AsyncDisposable {
  /** The ends that the container's output is written to. */
  readonly stdout: number;
  readonly stderr: number;
  readonly #child: Child;
  #ended = false;
  #open = true;

  private constructor(child: Child, stdout: number, stderr: number) {
    this.#child = child;
    this.stdout = stdout;
    this.stderr = stderr;
    void child.exited.then(() => {
      this.#ended = true;
    });
  }

  /** Starts the logger and waits until it is ready. */
  static async start(options: LoggerOptions): Promise<LoggerProcess> {
    const { uri, containerId, namespace, reaper, readiness } = options;
    const out = makePipe();
    const err = makePipe();
    const ready = makePipe();
    const collector = new CollectorSink(1);
    using pump = new Pump({ source: ready.readEnd, sink: collector, readiness });
    try {
      const child = reaper.spawn({
        path: uri.path,
        argv: [uri.path, ...uri.args],
        env: [`CONTAINER_ID=${containerId}`, `CONTAINER_NAMESPACE=${namespace}`],
        stdio: [null, null, null, out.readEnd, err.readEnd, ready.writeEnd],
      });
      closeSync(ready.writeEnd);
      const logger = new LoggerProcess(child, out.writeEnd, err.writeEnd);
      await Promise.race([collector.first, pump.done]);
      if (uri.strictReady && collector.length === 0) {
        await logger[Symbol.asyncDispose]();
        throw internal('logging binary did not call ready (it may have crashed or exited prematurely)');
      }
      return logger;
    } catch (error) {
      throw internal(`failed to start binary process: ${messageOf(error)}`, error);
    } finally {
      closeSync(out.readEnd);
      closeSync(err.readEnd);
    }
  }

  /** Lets go of the writing ends (the container has its own), so that the logger sees the end of the output. */
  closeEnds(): void {
    for (const fd of this.#takeEnds()) closeSync(fd);
  }

  /** stdout's writing end becomes the caller's; stderr's, which a terminal does not use, is closed. */
  handOver(): number {
    const [stdout, stderr] = this.#takeEnds();
    if (stderr !== undefined) closeSync(stderr);
    return stdout ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeEnds();
    if (this.#ended) return;
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), terminationTimeoutMs);
    await this.#child.exited;
    clearTimeout(timer);
  }

  #takeEnds(): number[] {
    if (!this.#open) return [];
    this.#open = false;
    return [this.stdout, this.stderr];
  }

  #kill(signal: NodeJS.Signals): void {
    if (!this.#ended) process.kill(this.#child.pid, signal);
  }
}
