/** A command on a pseudo terminal of its own of 31 × 101 (script(1) from util-linux), typed at as a person would. */
import { waitFor } from '@docker-ts/testkit/command';

const rows = 31;
const columns = 101;

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export class Terminal implements AsyncDisposable {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  #screen = '';

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const sized = `stty rows ${rows} cols ${columns}; exec ${command.map(quote).join(' ')}`;
    this.#child = Bun.spawn(['script', '-qefc', sized, '/dev/null'], {
      env: { ...process.env, ...env, TERM: 'xterm' },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.#screen += decoder.decode(chunk, { stream: true });
  }

  async type(keys: string): Promise<void> {
    await this.#child.stdin.write(keys);
    await this.#child.stdin.flush();
  }

  /** Waits until the screen matches. */
  async see(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await waitFor(`${pattern} on the screen`, () => pattern.exec(this.#screen));
    } catch (error) {
      throw new Error(`the screen shows ${JSON.stringify(this.#screen.slice(-500))}`, { cause: error });
    }
  }

  /** The command's exit status. */
  ended(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }
}
