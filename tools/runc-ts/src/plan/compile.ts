/**
 * config.json → plan, for a new container. Pure: everything that depends on the machine comes in as `HostFacts`, so that plans are
 * tested against golden files and printed without root.
 *
 * The order follows runc where it can be seen: hooks see mounts but the host's root; sysctls are written in the container's
 * namespaces; the executable is looked up, and the filter loaded, before `create` answers.
 */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import type { Linux, Process, RuntimeSpec, RuntimeState } from '@docker-ts/oci/runtime-spec';
import { runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import { dottedSysctl } from '@docker-ts/oci/sysctl-validation';
import type { SeccompProgram } from '../seccomp/program.ts';
import type { CgroupHierarchy } from './cgroup-mounts.ts';
import { planDevices } from './devices.ts';
import { planHooks } from './hooks.ts';
import { planHostFiles, type CgroupEntry } from './host-files.ts';
import { parsePropagation } from './mount-options.ts';
import { planReadonly } from './file-system-mount.ts';
import { coverableProcPaths, planMounts } from './mounts.ts';
import { hasNew, hasOwn, planNamespaces } from './namespaces.ts';
import { Plan } from './plan.ts';
import { planExec, planProcess, type ProcessOptions } from './process.ts';
import { planPersonality } from './scheduling.ts';

const MS_REC = 0x4000n;
const MS_SLAVE = 1n << 19n;
/** KEY_USR_SEARCH of keyctl(2): without it exec'd processes could not join the session keyring. */
const keyUserSearch = 0x8_0000;
const pivotMethods = { pivot_root: 1, move: 2, chroot: 3 } as const;

/** What the machine and the command line add to config.json. */
export interface HostFacts extends CgroupEntry {
  readonly id: string;
  /** Absolute path without links. */
  readonly bundle: string;
  readonly rootfs: string;
  readonly cgroupHierarchies: readonly CgroupHierarchy[];
  /** The kernel has /proc/kcore. */
  readonly hasKcore: boolean;
  readonly seccomp?: SeccompProgram | undefined;
  readonly env: readonly string[];
  readonly nofile?: ProcessOptions['nofile'];
  readonly noPivot: boolean;
  readonly newKeyring: boolean;
  readonly preserveFds: number;
  /** Descriptors that the init inherits. */
  readonly fifoFd: number;
  readonly consoleFd: number;
}

function refuseUnsupported(linux: Linux): void {
  const unsupported: readonly (readonly [string, boolean])[] = [
    ['linux.netDevices', Object.keys(linux.netDevices ?? {}).length > 0],
    ['linux.intelRdt', linux.intelRdt !== undefined],
    ['linux.memoryPolicy', linux.memoryPolicy !== undefined],
    ['linux.mountLabel', (linux.mountLabel ?? '') !== ''],
    ['linux.uidMappings', (linux.uidMappings ?? []).length > 0],
    ['linux.timeOffsets', Object.keys(linux.timeOffsets ?? {}).length > 0],
  ];
  for (const [field, given] of unsupported) if (given) throw unimplemented(`cannot use ${field}: it is not supported`);
}

function planOutside(plan: Plan, process: Process, linux: Linux, facts: HostFacts): void {
  planHostFiles(plan, process, facts);
  planNamespaces(plan, linux.namespaces ?? []);
}

/** Before anything is mounted: what the new mounts will be propagated to, and the root they go below. */
function planRoot(plan: Plan, linux: Linux, facts: HostFacts, ownMounts: boolean): void {
  if (ownMounts) {
    const { flags, recursive } = parsePropagation(linux.rootfsPropagation ?? '');
    const value = flags === 0n ? MS_SLAVE | MS_REC : flags | (recursive ? MS_REC : 0n);
    plan.add(
      'propagation',
      { flags: value },
      `make / ${linux.rootfsPropagation || 'rslave'}`,
      'linux.rootfsPropagation',
    );
  }
  plan.add(
    'root',
    { path: facts.rootfs, bind: Number(ownMounts) },
    `use root file system ${facts.rootfs}`,
    'root.path',
  );
  plan.add('proc_guard', { allowed: coverableProcPaths }, 'guard /proc');
}

function planPaths(plan: Plan, linux: Linux): void {
  for (const [index, path] of (linux.readonlyPaths ?? []).entries())
    plan.add('readonly_path', { path }, `make ${path} read-only`, `linux.readonlyPaths[${index}]`);
  for (const [index, path] of (linux.maskedPaths ?? []).entries())
    plan.add('mask_path', { path }, `mask ${path}`, `linux.maskedPaths[${index}]`);
}

function planNames(plan: Plan, spec: RuntimeSpec): void {
  const { hostname = '', domainname = '' } = spec;
  if (hostname !== '') plan.add('hostname', { name: hostname }, `set hostname ${hostname}`, 'hostname');
  if (domainname !== '') plan.add('domainname', { name: domainname }, `set domainname ${domainname}`, 'domainname');
  for (const [name, value] of Object.entries(spec.linux?.sysctl ?? {})) {
    const path = dottedSysctl(name).replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
    if (path.split('/').some((part) => part === '..' || part === ''))
      throw invalidArgument(`cannot use linux.sysctl["${name}"]: it is not the name of a parameter`);
    plan.add('sysctl', { path, value }, `set sysctl ${name} to "${value}"`, `linux.sysctl["${name}"]`);
  }
}

function planPivot(plan: Plan, spec: RuntimeSpec, facts: HostFacts, ownMounts: boolean): void {
  if (spec.root?.readonly === true) planReadonly(plan, '/', 'root.readonly');
  const method = !ownMounts ? 'chroot' : facts.noPivot ? 'move' : 'pivot_root';
  const what = method === 'move' ? 'move the root file system to /' : `${method} into the root file system`;
  plan.add('pivot', { method: pivotMethods[method] }, what, 'root.path');
  const { flags, recursive } = parsePropagation(spec.linux?.rootfsPropagation ?? '');
  if (ownMounts && flags !== 0n) {
    const value = flags | (recursive ? MS_REC : 0n);
    plan.add('propagation', { flags: value }, `make / ${spec.linux?.rootfsPropagation}`, 'linux.rootfsPropagation');
  }
}

function planConsole(plan: Plan, process: Process, facts: HostFacts, ownMounts: boolean): void {
  if (process.terminal !== true) return;
  const { height = 0, width = 0 } = process.consoleSize ?? {};
  const values = { socket: facts.consoleFd, mount: Number(ownMounts), rows: height, columns: width };
  plan.add('console', values, 'open a terminal', 'process.terminal');
}

/** unimplemented: something that config.json asks for and this runtime cannot do. */
export function compilePlan(spec: RuntimeSpec & { readonly process: Process }, facts: HostFacts): Plan {
  const plan = new Plan();
  const { process, linux = {}, mounts = [], hooks = {} } = spec;
  const namespaces = linux.namespaces ?? [];
  const ownMounts = hasOwn(namespaces, 'mount');
  refuseUnsupported(linux);
  if (!ownMounts && mounts.length > 0)
    throw invalidArgument('cannot use mounts: without a mount namespace they would be mounted on the host');
  const state: Omit<RuntimeState, 'pid'> = {
    ociVersion: runtimeSpecVersion,
    id: facts.id,
    status: 'creating',
    bundle: facts.bundle,
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  };
  const processOptions = { ...facts, process, firstClosedFd: 3 + facts.preserveFds };

  planOutside(plan, process, linux, facts);
  plan.add('setsid', {}, 'start a session');
  if (facts.newKeyring) {
    const values = { name: `_ses.${facts.id}`, permissions: keyUserSearch };
    plan.add('keyring', values, 'join a new session keyring');
  }
  if (hasNew(namespaces, 'network')) plan.add('loopback', {}, 'bring up the loopback interface', 'linux.namespaces');
  planRoot(plan, linux, facts, ownMounts);
  const cgroupView = { namespaced: hasOwn(namespaces, 'cgroup'), hierarchies: facts.cgroupHierarchies };
  const late = planMounts(plan, mounts, facts.bundle, cgroupView);
  if (ownMounts) planDevices(plan, linux.devices ?? [], mounts, facts.hasKcore);
  if ((hooks.prestart ?? []).length + (hooks.createRuntime ?? []).length > 0)
    plan.add('sync', {}, 'wait for prestart and createRuntime hooks', 'hooks');
  planHooks(plan, 'createContainer', hooks.createContainer, state, []);
  // runc makes a missing one, and images rely on it
  plan.add('directory', { path: process.cwd }, `make working directory ${process.cwd}`, 'process.cwd');
  planConsole(plan, process, facts, ownMounts);
  planPaths(plan, linux);
  planNames(plan, spec);
  for (const { target, field } of late) planReadonly(plan, target, field);
  planPivot(plan, spec, facts, ownMounts);
  planPersonality(plan, linux.personality?.domain, linux.personality?.flags ?? []);
  planProcess(plan, processOptions);
  plan.add('wait_start', { fifo: facts.fifoFd }, 'wait for start');
  planHooks(plan, 'startContainer', hooks.startContainer, { ...state, status: 'created' }, facts.env);
  planExec(plan, processOptions);
  return plan;
}
