/** The plan of a bundle on this machine: what `compile.ts` wants to know of the host is looked up here. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unimplemented } from '@docker-ts/base/errors';
import type { CgroupManager } from '../cgroup/manager.ts';
import { compilePlan } from '../plan/compile.ts';
import type { CgroupEntry } from '../plan/host-files.ts';
import type { Plan } from '../plan/plan.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { SeccompProgram } from '../seccomp/program.ts';
import type { Bundle } from './bundle.ts';
import type { CreateOptions } from './creation-options.ts';
import { findHome, processEnv } from './home.ts';
import { hostHierarchies } from './host-cgroups.ts';
import { inheritedNofile } from './nofile.ts';
import { checkSecurityModules } from './security-modules.ts';

/**
 * v2: by being born there. v1: by writing itself into `tasks`; for a process of one thread that is the same as `cgroup.procs`, but
 * spares the kernel its lock of all forks, and with it ten milliseconds.
 */
export function cgroupEntry(cgroup: CgroupManager): CgroupEntry {
  const unified = cgroup.paths[''];
  const files = cgroup.procsFiles();
  const isUnified = (file: string): boolean => unified !== undefined && dirname(file) === unified;
  return {
    cgroupJoinFiles: files.filter((file) => !isUnified(file)).map((file) => join(dirname(file), 'tasks')),
    cgroupUnified: files.some(isUnified) ? (unified ?? '') : '',
  };
}

/** Compiles the bundle's filter. unimplemented: it wants a notification agent. */
export function bundleSeccomp({ spec }: Bundle): SeccompProgram | undefined {
  if (spec.linux?.seccomp === undefined) return undefined;
  const program = compileSeccomp(spec.linux.seccomp);
  if (program.listenerPath !== undefined)
    throw unimplemented('cannot use linux.seccomp.listenerPath: seccomp notification is not supported');
  return program;
}

/** The plan of a bundle. */
export function planBundle(
  bundle: Bundle,
  cgroup: CgroupManager,
  options: CreateOptions,
  fifoFd: number,
  seccomp: SeccompProgram | undefined,
): Plan {
  const { spec } = bundle;
  const { process, linux = {}, mounts = [] } = spec;
  checkSecurityModules(process, linux);
  const cgroupMounted = mounts.some(({ type }) => type === 'cgroup' || type === 'cgroup2');
  const plan = compilePlan(spec, {
    id: options.id,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    ...cgroupEntry(cgroup),
    cgroupHierarchies: cgroupMounted ? hostHierarchies(cgroup) : [],
    hasKcore: existsSync('/proc/kcore'),
    seccomp,
    env: processEnv([...(process.env ?? []), ...options.extraEnv], () =>
      findHome(bundle.rootfs, bundle.path, mounts, process.user.uid),
    ),
    nofile: inheritedNofile(),
    noPivot: options.noPivot,
    newKeyring: !options.noNewKeyring,
    preserveFds: options.preserveFds,
    fifoFd,
    consoleFd: options.consoleFd,
  });
  plan.warnings.push(...(seccomp?.warnings ?? []));
  return plan;
}
