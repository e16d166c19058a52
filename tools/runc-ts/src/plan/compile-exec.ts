/** process.json → plan, for another process in a running container. Pure, as `compile.ts`. */
import type { LinuxNamespace, Process } from '@docker-ts/oci/runtime-spec';
import type { SeccompProgram } from '../seccomp/program.ts';
import { type CgroupEntry, planHostFiles } from './host-files.ts';
import { cloneFlags } from './namespaces.ts';
import { Plan } from './plan.ts';
import { planExec, planProcess, type ProcessOptions } from './process.ts';

export interface ExecFacts extends CgroupEntry {
  readonly id: string;
  /** The namespaces that the container does not share with the runtime. */
  readonly namespaces: readonly LinuxNamespace[];
  /** pidfd of the container's first process. */
  readonly pidfd: number;
  readonly consoleFd: number;
  readonly seccomp?: SeccompProgram | undefined;
  readonly env: readonly string[];
  readonly nofile?: ProcessOptions['nofile'];
  readonly preserveFds: number;
  readonly newKeyring: boolean;
}

export function compileExecPlan(process: Process, facts: ExecFacts): Plan {
  const plan = new Plan();
  const options = { ...facts, process, firstClosedFd: 3 + facts.preserveFds };
  planHostFiles(plan, process, facts);
  const types = facts.namespaces.reduce((mask, { type }) => mask | cloneFlags[type], 0) >>> 0;
  const names = facts.namespaces.map(({ type }) => type).join(', ');
  if (types !== 0)
    plan.add(
      'setns',
      { fd: facts.pidfd, path: '', types },
      `join the container's namespaces ${names}`,
      'linux.namespaces',
    );
  plan.add('clone', { flags: 0n }, 'start the process');
  plan.add('setsid', {}, 'start a session');
  if (facts.newKeyring)
    plan.add('keyring', { name: `_ses.${facts.id}`, permissions: 0 }, "join the container's session keyring");
  if (process.terminal === true) {
    const { height = 0, width = 0 } = process.consoleSize ?? {};
    plan.add('root', { path: '/', bind: 0 }, "use the container's root file system");
    const values = { socket: facts.consoleFd, mount: 0, rows: height, columns: width };
    plan.add('console', values, 'open a terminal', 'process.terminal');
  }
  planProcess(plan, options);
  planExec(plan, options);
  return plan;
}
