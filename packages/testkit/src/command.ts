/** Running a program to its end, with a time limit, and keeping everything it said. */
import { deadlineExceeded, unknown } from '@docker-ts/base/errors';

export interface CommandResult {
  /** Exit status; 128 + signal where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array | Blob;
  /** Default 30,000. A command still running then is killed and the call fails. */
  readonly timeoutMs?: number;
}

/** Runs `command` and resolves however it ends; only a time-out rejects. */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const child = Bun.spawn([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdin: options.stdin === undefined ? 'ignore' : new Blob([options.stdin as string]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (timedOut) throw deadlineExceeded(`cannot finish "${command.join(' ')}" in ${timeoutMs} ms: ${stdout}${stderr}`);
    return { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** Like runCommand, but a status other than 0 is an error that quotes what the command said. */
export async function mustRun(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(command, options);
  if (result.code !== 0) {
    throw unknown(`cannot run "${command.join(' ')}": exit status ${result.code}: ${result.stderr}${result.stdout}`);
  }
  return result.stdout;
}

/** Calls `condition` until it answers something true; the last error or "still not so" ends the wait. */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw deadlineExceeded(`waited ${timeoutMs} ms for ${what}`, last);
    await Bun.sleep(20);
  }
}
