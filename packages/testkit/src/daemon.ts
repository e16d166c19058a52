/** One daemon as a child process: started, killed as rudely as a test wants, started again. */
import { createWriteStream } from 'node:fs';
import { failedPrecondition, unavailable } from '@docker-ts/base/errors';
import { waitFor } from './command.ts';

export interface DaemonOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Everything the daemon says is appended here; `onLine` sees it too. */
  readonly logFile: string;
  readonly onLine?: (name: string, line: string) => void;
  /** Answers true once the daemon serves. */
  readonly ready: () => Promise<boolean>;
}

export class Daemon implements AsyncDisposable {
  readonly #options: DaemonOptions;
  #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'> | undefined;
  #drained: Promise<unknown> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number {
    if (this.#child === undefined)
      throw failedPrecondition(`cannot name the pid of ${this.#options.name}: not running`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process and waits until it serves. A daemon that ends before that is an error with what it said. */
  async start(): Promise<void> {
    const { name, command, env, logFile, onLine } = this.#options;
    const child = Bun.spawn([...command], {
      env: { ...process.env, ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      // Ctrl-C at the terminal is for the owner of the daemon: it takes the containers down first
      detached: true,
    });
    this.#child = child;
    const log = createWriteStream(logFile, { flags: 'a' });
    const said: string[] = [];
    const copy = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of stream) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          log.write(`${line}\n`);
          said.push(line);
          if (said.length > 200) said.shift();
          onLine?.(name, line);
        }
      }
    };
    this.#drained = Promise.allSettled([copy(child.stdout), copy(child.stderr)]).then(() => log.end());
    await waitFor(
      `${name} to serve`,
      async () => {
        if (!this.running) return 'ended';
        return (await this.#options.ready()) && 'ready';
      },
      30_000,
    ).then((state) => {
      if (state === 'ended')
        throw unavailable(`cannot start ${name}: it ended with ${child.exitCode}: ${said.join('\n')}`);
    });
  }

  /** Sends a signal and waits for the end; answers the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 30_000): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    if (this.running) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const code = await child.exited;
    clearTimeout(timer);
    await this.#drained;
    this.#child = undefined;
    return code;
  }

  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
