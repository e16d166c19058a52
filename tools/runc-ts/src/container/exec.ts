/** Another process in a running container. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { failedPrecondition, notFound, wrap } from '@docker-ts/base/errors';
import type { Process } from '@docker-ts/oci/runtime-spec';
import { launchInit } from '../init/launcher.ts';
import { compileExecPlan } from '../plan/compile-exec.ts';
import type { CgroupEntry } from '../plan/host-files.ts';
import type { SeccompProgram } from '../seccomp/program.ts';
import type { Container } from './container.ts';
import { cgroupEntry } from './bundle-plan.ts';
import { killChild, passedDescriptors } from './create.ts';
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

/** The container's cgroups, or those below them that the command line names. */
function execCgroups(container: Container, cgroups: readonly string[]): CgroupEntry {
  const entry = cgroupEntry(container.cgroup);
  if (cgroups.length === 0) return entry;
  const below = new Map<string, string>();
  for (const option of cgroups) {
    const colon = option.indexOf(':');
    const names = colon < 0 ? Object.keys(container.cgroup.paths) : option.slice(0, colon).split(',');
    for (const name of names) {
      const path = container.cgroup.paths[name];
      if (path === undefined) throw notFound(`unknown controller "${name}"`);
      below.set(path, join(path, option.slice(colon + 1)));
    }
  }
  return {
    cgroupJoinFiles: entry.cgroupJoinFiles.map((file) =>
      join(below.get(dirname(file)) ?? dirname(file), basename(file)),
    ),
    cgroupUnified: below.get(entry.cgroupUnified) ?? entry.cgroupUnified,
  };
}

/** The filter that create has compiled. */
function readSeccomp({ state, directory }: Container): SeccompProgram | undefined {
  if (state.seccomp === undefined) return undefined;
  const { flags, instructions } = state.seccomp;
  return { filter: readFileSync(directory.seccompPath), flags, instructionCount: instructions, warnings: [] };
}

/** Starts the process, a child of this one, and answers its id once it has exec'd. */
export function execInContainer(container: Container, options: ExecOptions): number {
  const status = container.status();
  if (status === 'stopped') throw failedPrecondition('cannot exec in a stopped container');
  if (status === 'paused' && !options.ignorePaused)
    throw failedPrecondition('cannot exec in a paused container (use --ignore-paused to override)');
  const { process } = options;
  checkSecurityModules(process, {});
  return container.withInit((pidfd) => {
    const home = (): string => findHome(`/proc/${container.pid}/root`, '/', [], process.user.uid);
    const plan = compileExecPlan(process, {
      id: container.id,
      ...execCgroups(container, options.cgroups),
      namespaces: container.state.config.namespaces,
      pidfd,
      consoleFd: options.consoleFd,
      seccomp: readSeccomp(container),
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
