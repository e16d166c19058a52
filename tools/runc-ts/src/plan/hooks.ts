/** The hooks that run inside the container, as steps: config.md, "POSIX-platform Hooks". The others are run by `container/hooks.ts`. */
import type { Hook, RuntimeState } from '@docker-ts/oci/runtime-spec';
import type { Plan } from './plan.ts';

/** Stands in the state document where the init writes its own process id. */
const pidMark = 2_147_483_647;

/** The state document around the process id, which only the init knows. */
function splitState(state: Omit<RuntimeState, 'pid'>): { head: string; tail: string } {
  const [head = '', tail = ''] = JSON.stringify({ ...state, pid: pidMark }).split(String(pidMark));
  return { head, tail };
}

export function planHooks(
  plan: Plan,
  name: 'createContainer' | 'startContainer',
  hooks: readonly Hook[] | undefined,
  state: Omit<RuntimeState, 'pid'>,
  defaultEnv: readonly string[],
): void {
  const { head, tail } = splitState(state);
  for (const [index, hook] of (hooks ?? []).entries()) {
    plan.add(
      'hook',
      {
        path: hook.path,
        argv: hook.args === undefined || hook.args.length === 0 ? [hook.path] : hook.args,
        env: hook.env ?? defaultEnv,
        timeout_ms: (hook.timeout ?? 0) * 1000,
        state_head: head,
        state_tail: tail,
      },
      `run ${name} hook ${hook.path}`,
      `hooks.${name}[${index}]`,
    );
  }
}
