/** Another process in a running container. */
import { join } from 'node:path';
import { failedPrecondition, notFound, wrap } from '@docker-ts/base/errors';
import type { Process } from '@docker-ts/oci/runtime-spec';
import { launchInit } from '../init/launcher.ts';
import { compileExecPlan } from '../plan/compile-exec.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { Container } from './container.ts';
import { joinFiles, killChild, passedDescriptors } from './create.ts';
import { findHome, processEnv } from './home.ts';
import { inheritedNofile } from './nofile.ts';
import { checkSecurityModules } from './security-modules.ts';

export interface ExecOptions {
  readonly process: Process;
  readonly preserveFds: number;
  readonly consoleFd: number;
  /** `name` or `controller:name`: existing cgroups below the container's. */
  readonly cgroups: readonly string[];
  readonly ignorePaused: boolean;
}

/** The files of the container's cgroups, or of those below them that the command line names. */
function execJoinFiles(container: Container, cgroups: readonly string[]): string[] {
  const files = joinFiles(container.cgroup);
  if (cgroups.length === 0) return files;
  const below = new Map<string, string>();
  for (const entry of cgroups) {
    const colon = entry.indexOf(':');
    const names = colon < 0 ? Object.keys(container.cgroup.paths) : entry.slice(0, colon).split(',');
    for (const name of names) {
      const path = container.cgroup.paths[name];
      if (path === undefined) throw notFound(`unknown controller "${name}"`);
      below.set(path, join(path, entry.slice(colon + 1)));
    }
  }
  return files.map((file) => {
    const cut = file.lastIndexOf('/');
    const folder = file.slice(0, cut);
    return (below.get(folder) ?? folder) + file.slice(cut);
  });
}

/** Starts the process, a child of this one, and answers its id once it has exec'd. */
export function execInContainer(container: Container, options: ExecOptions): number {
  const status = container.status();
  if (status === 'stopped') throw failedPrecondition('cannot exec in a stopped container');
  if (status === 'paused' && !options.ignorePaused)
    throw failedPrecondition('cannot exec in a paused container (use --ignore-paused to override)');
  const { spec } = container;
  const { process } = options;
  const linux = spec.linux ?? {};
  checkSecurityModules(process, {});
  return container.withInit((pidfd) => {
    const home = (): string => findHome(`/proc/${container.pid}/root`, '/', [], process.user.uid);
    const plan = compileExecPlan(process, {
      id: container.id,
      cgroupJoinFiles: execJoinFiles(container, options.cgroups),
      namespaces: linux.namespaces ?? [],
      pidfd,
      consoleFd: options.consoleFd,
      seccomp: linux.seccomp === undefined ? undefined : compileSeccomp(linux.seccomp),
      env: processEnv(process.env ?? [], home),
      nofile: inheritedNofile(),
      preserveFds: options.preserveFds,
      newKeyring: !container.state.config.no_new_keyring,
    });
    using channel = launchInit(plan, [pidfd, ...passedDescriptors(options)]);
    try {
      const pid = channel.waitForPid();
      channel.waitForReady(() => {});
      channel.waitForExec();
      return pid;
    } catch (error) {
      if (channel.pid !== undefined) killChild(channel.pid);
      throw wrap(error, 'unable to start container process');
    }
  });
}
