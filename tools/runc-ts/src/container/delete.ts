/** Taking a container away: its processes, cgroups and state, then its poststop hooks. */
import { failedPrecondition, isCode } from '@docker-ts/base/errors';
import { pollReadable } from '@docker-ts/linux/descriptor';
import { signalPidfd } from '@docker-ts/linux/pidfd';
import { signalNumbers } from '@docker-ts/linux/signal-number';
import type { Container } from './container.ts';
import { runAllHooks } from './hooks.ts';

const { SIGKILL } = signalNumbers;
const killTimeoutMs = 10_000;

/** Kills the first process and, where it has no pid namespace to take them with it, all others. Waits until it is gone. */
function killAndWait(container: Container): void {
  try {
    container.withInit((pidfd) => {
      signalPidfd(pidfd, SIGKILL);
      // what is frozen dies only when it thaws
      if (container.isFrozen()) container.cgroup.thaw();
      const [events = 0] = pollReadable([pidfd], killTimeoutMs);
      if (events === 0) throw failedPrecondition('container init still running');
    });
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
  }
}

/** Removes a stopped container. Answers what went wrong in poststop hooks, which stops nothing. */
export function destroyContainer(container: Container): string[] {
  const { cgroup, directory } = container;
  const { poststop } = container.hooks;
  // kills what a container without a pid namespace of its own has left
  cgroup.destroy();
  directory.remove();
  return runAllHooks('poststop', poststop, () => container.runtimeState('stopped'));
}

/** failed_precondition: it runs and `force` is not given. */
export function deleteContainer(container: Container, force: boolean): string[] {
  const status = container.status();
  if (status !== 'stopped') {
    if (status !== 'created' && !force)
      throw failedPrecondition(`cannot delete container ${container.id} that is not stopped: ${status}`);
    killAndWait(container);
  }
  return destroyContainer(container);
}
