/**
 * The part of a plan that turns the prepared init into the container's process. The same for a container's first process and for
 * an exec'd one, but for what stands between (waiting for start, hooks).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { capabilityMask } from '@docker-ts/oci/capabilities';
import type { Process } from '@docker-ts/oci/runtime-spec';
import type { SeccompProgram } from '../seccomp/program.ts';
import type { Plan } from './plan.ts';
import { planScheduling } from './scheduling.ts';

/** RLIMIT_* of getrlimit(2): asm-generic/resource.h. */
const rlimitNumbers: readonly string[] = [
  'CPU',
  'FSIZE',
  'DATA',
  'STACK',
  'CORE',
  'RSS',
  'NPROC',
  'NOFILE',
  'MEMLOCK',
  'AS',
  'LOCKS',
  'SIGPENDING',
  'MSGQUEUE',
  'NICE',
  'RTPRIO',
  'RTTIME',
];
const rlimitNofile = rlimitNumbers.indexOf('NOFILE');

export interface ProcessOptions {
  readonly process: Process;
  /** The environment with HOME, each name once. */
  readonly env: readonly string[];
  /** Descriptors from here on are closed at exec: 3 + those passed on. */
  readonly firstClosedFd: number;
  readonly seccomp?: SeccompProgram | undefined;
  /** The soft limit of open files that the runtime was started with; its own engine raises it. */
  readonly nofile?: { readonly soft: bigint; readonly hard: bigint } | undefined;
}

function planRlimits(plan: Plan, { process, nofile }: ProcessOptions): void {
  const limits = process.rlimits ?? [];
  if (nofile !== undefined && !limits.some(({ type }) => type === 'RLIMIT_NOFILE'))
    plan.add('rlimit', { resource: rlimitNofile, ...nofile }, 'restore RLIMIT_NOFILE');
  for (const [index, { type, soft, hard }] of limits.entries()) {
    const resource = rlimitNumbers.indexOf(type.replace(/^RLIMIT_/, ''));
    const field = `process.rlimits[${index}]`;
    if (resource < 0) throw invalidArgument(`cannot use ${field}: unknown rlimit "${type}"`);
    plan.add('rlimit', { resource, soft: BigInt(soft), hard: BigInt(hard) }, `set ${type} to ${soft}:${hard}`, field);
  }
}

function planSeccomp(plan: Plan, seccomp: SeccompProgram | undefined): void {
  if (seccomp === undefined) return;
  const { filter, flags, instructionCount } = seccomp;
  plan.add('seccomp', { filter, flags }, `load a seccomp filter of ${instructionCount} instructions`, 'linux.seccomp');
}

function planLabels(plan: Plan, process: Process): void {
  const { apparmorProfile = '', selinuxLabel = '' } = process;
  if (apparmorProfile !== '') {
    const values = { files: ['apparmor/exec', 'exec'], value: `exec ${apparmorProfile}` };
    plan.add('security_label', values, 'apply apparmor profile', 'process.apparmorProfile');
  }
  if (selinuxLabel !== '')
    plan.add('security_label', { files: ['exec'], value: selinuxLabel }, 'set process label', 'process.selinuxLabel');
}

function planCapabilities(plan: Plan, process: Process): void {
  const warn = (name: string): number => plan.warnings.push(`capability "${name}" is unknown and was left out`);
  const mask = (names: readonly string[] | undefined): bigint => capabilityMask(names ?? [], warn);
  const { capabilities } = process;
  if (capabilities === undefined) return;
  plan.add(
    'capabilities',
    {
      effective: mask(capabilities.effective),
      permitted: mask(capabilities.permitted),
      inheritable: mask(capabilities.inheritable),
      // what is not both permitted and inheritable cannot be raised (capabilities(7)); runc leaves it out as well
      ambient: mask(capabilities.ambient) & mask(capabilities.inheritable) & mask(capabilities.permitted),
    },
    'set the capabilities',
    'process.capabilities',
  );
}

/** Ids as the kernel takes them: 4294967295 means "leave as it is". */
function checkId(id: number, field: string): number {
  if (!Number.isInteger(id) || id < 0 || id >= 0xffff_ffff)
    throw invalidArgument(`cannot use ${field}: "${id}" is not an id`);
  return id;
}

function planUser(plan: Plan, { user, cwd }: Process): void {
  plan.add(
    'user',
    {
      uid: checkId(user.uid, 'process.user.uid'),
      gid: checkId(user.gid, 'process.user.gid'),
      groups: (user.additionalGids ?? []).map((gid) => checkId(gid, 'process.user.additionalGids')),
      cwd,
    },
    `become user ${user.uid}:${user.gid} in ${cwd}`,
    'process.user',
  );
}

function planLookup(plan: Plan, { process, env }: ProcessOptions): void {
  const file = process.args?.[0] ?? '';
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  // a name without a slash and no PATH: an empty list would mean that the name is a path
  const directories = file.includes('/') ? [] : path === '' ? ['/nonexistent'] : path.split(':');
  plan.add('lookup', { file, directories }, `find ${JSON.stringify(file)}`, 'process.args[0]');
}

/** Everything up to the point where the process could be exec'd. */
export function planProcess(plan: Plan, options: ProcessOptions): void {
  const { process, seccomp } = options;
  const noNewPrivileges = process.noNewPrivileges === true;
  if (noNewPrivileges) plan.add('no_new_privileges', {}, 'forbid gaining privileges', 'process.noNewPrivileges');
  planScheduling(plan, process);
  planLabels(plan, process);
  plan.add('close_from', { first: options.firstClosedFd }, `close descriptors from ${options.firstClosedFd} on`);
  plan.add('umask', { mask: process.user.umask ?? 0o022 }, 'set the umask', 'process.user.umask');
  planRlimits(plan, options);
  // without no_new_privs loading a filter is a privilege, so it comes before that is given up; otherwise as late as possible
  if (!noNewPrivileges) planSeccomp(plan, seccomp);
  if (process.capabilities !== undefined)
    plan.add(
      'bounding',
      { mask: capabilityMask(process.capabilities.bounding ?? []) },
      'drop capabilities from the bounding set',
      'process.capabilities.bounding',
    );
  planUser(plan, process);
  planCapabilities(plan, process);
  planLookup(plan, options);
  if (noNewPrivileges) planSeccomp(plan, seccomp);
  plan.add('ready', {}, 'report that all is set up');
}

export function planExec(plan: Plan, { process, env }: ProcessOptions): void {
  const argv = process.args ?? [];
  plan.add('exec', { argv, env }, `exec ${argv[0] ?? ''}`, 'process.args');
}
