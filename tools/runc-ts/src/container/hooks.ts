/**
 * The hooks that run in the runtime's own namespaces: prestart, createRuntime, poststart, poststop (config.md, "POSIX-platform
 * Hooks"). Each gets the state on its standard input; they run one after another.
 */
import { failedPrecondition, messageOf } from '@docker-ts/base/errors';
import type { Hook, HookName, RuntimeState } from '@docker-ts/oci/runtime-spec';

function runHook(name: HookName, index: number, hook: Hook, state: RuntimeState): void {
  const [argv0 = hook.path, ...args] = hook.args ?? [];
  const prefix = `error running ${name} hook #${index}`;
  let result;
  try {
    // the path, not argv[0], says what runs
    result = Bun.spawnSync([hook.path, ...args], {
      argv0,
      cwd: '/',
      env: Object.fromEntries((hook.env ?? []).map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string])),
      stdin: Buffer.from(JSON.stringify(state)),
      stdout: 'pipe',
      stderr: 'pipe',
      ...(hook.timeout === undefined ? {} : { timeout: hook.timeout * 1000, killSignal: 'SIGKILL' as const }),
    });
  } catch (error) {
    throw failedPrecondition(`${prefix}: ${messageOf(error)}`, error);
  }
  if (result.success) return;
  const ended = result.exitedDueToTimeout
    ? `no end within ${hook.timeout} s`
    : result.signalCode === undefined
      ? `exit status ${result.exitCode}`
      : `signal: ${result.signalCode}`;
  throw failedPrecondition(
    `${prefix}: ${ended}, stdout: ${result.stdout.toString()}, stderr: ${result.stderr.toString()}`,
  );
}

/** The first that fails ends the list: failed_precondition. */
export function runHooks(name: HookName, hooks: readonly Hook[] | undefined, state: () => RuntimeState): void {
  if (hooks === undefined || hooks.length === 0) return;
  const document = state();
  for (const [index, hook] of hooks.entries()) runHook(name, index, hook, document);
}

/** All of them run, whatever becomes of one; answers what went wrong. */
export function runAllHooks(name: HookName, hooks: readonly Hook[] | undefined, state: () => RuntimeState): string[] {
  const failures: string[] = [];
  for (const [index, hook] of (hooks ?? []).entries()) {
    try {
      runHook(name, index, hook, state());
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  return failures;
}
