/** Bundles and calls of runc-ts for the tests that need root. runc-ts runs from its source, with an init compiled for the test. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, mustRun, runCommand } from '@docker-ts/testkit/command';
import { Scratch } from '@docker-ts/testkit/scratch';
import type { Linux, Mount, Process, RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { exampleSpec } from '../commands/spec.ts';

const folder = join(import.meta.dir, '../..');

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
/** config.json in the making. */
export type Config = Omit<Writable<RuntimeSpec>, 'process' | 'linux' | 'mounts'> & {
  process: Writable<Process>;
  linux: Writable<Linux>;
  mounts: Mount[];
};

export interface State {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
}

export class Runtime implements Disposable {
  readonly scratch: Scratch;
  #bundles = 0;

  private constructor(scratch: Scratch) {
    this.scratch = scratch;
  }

  /** Compiles the init and makes a root file system of busybox. */
  static async open(): Promise<Runtime> {
    await mustRun(['sh', join(folder, 'scripts/build-init.sh')]);
    const scratch = new Scratch('runc');
    const bin = scratch.join('rootfs/bin');
    mkdirSync(bin, { recursive: true });
    mkdirSync(scratch.join('rootfs/etc'));
    mkdirSync(scratch.join('root'), { mode: 0o711 });
    writeFileSync(
      scratch.join('rootfs/etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n',
    );
    copyFileSync('/usr/bin/busybox', join(bin, 'busybox'));
    for (const applet of (await mustRun(['/usr/bin/busybox', '--list'])).split('\n').filter(Boolean))
      if (applet !== 'busybox') symlinkSync('busybox', join(bin, applet));
    return new Runtime(scratch);
  }

  get root(): string {
    return this.scratch.join('root');
  }

  get rootfs(): string {
    return this.scratch.join('rootfs');
  }

  command(...args: string[]): string[] {
    return [process.execPath, join(folder, 'src/main.ts'), '--root', this.root, ...args];
  }

  call(args: string[], options?: CommandOptions): Promise<CommandResult> {
    return runCommand(this.command(...args), { timeoutMs: 20_000, ...options });
  }

  must(...args: string[]): Promise<string> {
    return mustRun(this.command(...args), { timeoutMs: 20_000 });
  }

  /** A bundle that runs `args`; `change` edits runc's example. */
  bundle(args: string[], change: (config: Config) => void = () => {}): string {
    const path = this.scratch.join(`bundle-${process.pid}-${this.#bundles++}`);
    mkdirSync(path);
    const config = structuredClone(exampleSpec) as Config;
    config.root = { path: this.rootfs };
    config.process.terminal = false;
    config.process.args = args;
    change(config);
    writeFileSync(join(path, 'config.json'), JSON.stringify(config));
    return path;
  }

  /** `run` in the foreground, to its end. */
  async run(args: string[], change?: (config: Config) => void): Promise<CommandResult> {
    const path = this.bundle(args, change);
    return await this.call(['run', '-b', path, path.slice(path.lastIndexOf('/') + 1)]);
  }

  /** Starts `create` with no output to inherit, as a container would keep ours open. */
  async create(path: string, id: string, ...options: string[]): Promise<number> {
    const child = Bun.spawn(this.command('create', ...options, '-b', path, id), {
      stdin: 'ignore',
      stdout: Bun.file(this.scratch.join(`${id}.out`)),
      stderr: Bun.file(this.scratch.join(`${id}.err`)),
    });
    return await child.exited;
  }

  /** For what leaves a process behind, which must not hold our pipes. */
  async silently(...args: string[]): Promise<void> {
    const child = Bun.spawn(this.command(...args), { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
    if ((await child.exited) !== 0) throw new Error(`${args.join(' ')} failed`);
  }

  output(id: string): string {
    return readFileSync(this.scratch.join(`${id}.out`), 'utf8') + readFileSync(this.scratch.join(`${id}.err`), 'utf8');
  }

  async state(id: string): Promise<State> {
    return JSON.parse(await this.must('state', id)) as State;
  }

  /** What is left in the state folder. */
  leftovers(): string[] {
    return readdirSync(this.root);
  }

  [Symbol.dispose](): void {
    this.scratch[Symbol.dispose]();
  }
}
