/**
 * Which config.json the runtime takes: the shape (`runtime-spec-shape.ts`), and the rules between members that runc refuses to
 * start without, or that the specification states with a MUST. Runs at each `create`; reads no file but namespace files that a
 * sysctl depends on.
 */
import { statSync } from 'node:fs';
import { parseExactJson } from './exact-json.ts';
import { child, documentPath, type JsonPath, refuse } from './json-shape.ts';
import { processShape, resourcesShape, runtimeSpecShape } from './runtime-spec-shape.ts';
import type {
  Linux,
  LinuxNamespace,
  LinuxNamespaceType,
  LinuxResources,
  LinuxSeccomp,
  Process,
  RuntimeSpec,
  User,
} from './runtime-spec.ts';
import { checkSysctls } from './sysctl-validation.ts';

const configJson = documentPath('config.json');

/** Reads config.json's text, all digits kept, and validates it. */
export function parseRuntimeSpec(text: string): RuntimeSpec {
  return validateRuntimeSpec(parseExactJson(text, 'config.json'));
}

/**
 * Checks a parsed config.json and returns it as what it then is. Members that are null are removed from it.
 * invalid_argument: `cannot use config.json: mounts[3].destination: must be a string`.
 * What only `start` needs is left to `assertStartable`.
 */
export function validateRuntimeSpec(json: unknown): RuntimeSpec {
  runtimeSpecShape(json, configJson);
  const spec = json as RuntimeSpec;
  if (!/^1\.\d+\.\d+(?:[-+].+)?$/.test(spec.ociVersion))
    refuse(child(configJson, 'ociVersion'), `version "${spec.ociVersion}" is not supported: need 1.x.y`);
  if (spec.root === undefined) refuse(child(configJson, 'root'), 'must be given');
  if (spec.process !== undefined) checkProcess(spec.process, child(configJson, 'process'));
  checkMounts(spec);
  checkLinux(spec, spec.linux ?? {}, child(configJson, 'linux'));
  return spec;
}

/** Checks the file of `exec --process`. `document` names it in errors. */
export function validateProcess(json: unknown, document = 'process.json'): Process {
  const path = documentPath(document);
  processShape(json, path);
  const process = json as Process;
  checkProcess(process, path);
  if ((process.args ?? []).length === 0) refuse(child(path, 'args'), 'must not be empty');
  return process;
}

/** Checks the file of `update --resources`. */
export function validateResources(json: unknown, document = 'resources.json'): LinuxResources {
  const path = documentPath(document);
  resourcesShape(json, path);
  checkResources(json as LinuxResources, path);
  return json as LinuxResources;
}

/** What a container needs beyond that to be started: a process with arguments. Otherwise invalid_argument. */
export function assertStartable(spec: RuntimeSpec): asserts spec is RuntimeSpec & { process: Process } {
  const path = child(configJson, 'process');
  if (spec.process === undefined) refuse(path, 'must be given');
  if ((spec.process.args ?? []).length === 0) refuse(child(path, 'args'), 'must not be empty');
}

/** getrlimit(2). */
const rlimitNames: ReadonlySet<string> = new Set(
  'AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK'
    .split(' ')
    .map((name) => `RLIMIT_${name}`),
);

function checkProcess(process: Process, path: JsonPath): void {
  // Absent numbers are 0, as Go's decoder has it: `"user": {}` is root.
  const given: Partial<User> = process.user ?? {};
  (process as { user: User }).user = { uid: 0, gid: 0, ...given };
  const seen = new Set<string>();
  for (const [index, { type }] of (process.rlimits ?? []).entries()) {
    const rlimitPath = child(child(child(path, 'rlimits'), index), 'type');
    if (!rlimitNames.has(type)) refuse(rlimitPath, `unknown rlimit "${type}"`);
    if (seen.has(type)) refuse(rlimitPath, `"${type}" is given twice`);
    seen.add(type);
  }
  for (const [index, variable] of (process.env ?? []).entries())
    if (variable.indexOf('=') <= 0) refuse(child(child(path, 'env'), index), 'must be NAME=value');
  checkScheduler(process, child(path, 'scheduler'));
}

/** sched_setattr(2): which policy takes which parameters. */
function checkScheduler({ scheduler }: Process, path: JsonPath): void {
  if (scheduler === undefined) return;
  const { policy, nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
  if ((policy === 'SCHED_OTHER' || policy === 'SCHED_BATCH') && (nice < -20 || nice > 19))
    refuse(child(path, 'nice'), 'must be between -20 and 19');
  if (priority !== 0 && policy !== 'SCHED_FIFO' && policy !== 'SCHED_RR')
    refuse(child(path, 'priority'), 'is for SCHED_FIFO and SCHED_RR only');
  if (policy !== 'SCHED_DEADLINE' && [runtime, deadline, period].some((value) => BigInt(value) !== 0n))
    refuse(path, 'runtime, deadline and period are for SCHED_DEADLINE only');
}

function checkMounts(spec: RuntimeSpec): void {
  for (const [index, mount] of (spec.mounts ?? []).entries()) {
    if ((mount.uidMappings === undefined) === (mount.gidMappings === undefined)) continue;
    refuse(child(child(configJson, 'mounts'), index), 'id-mapped mounts must have both uidMappings and gidMappings');
  }
}

type Namespaces = ReadonlyMap<LinuxNamespaceType, LinuxNamespace>;

function checkNamespaces(linux: Linux, path: JsonPath): Namespaces {
  const namespaces = new Map<LinuxNamespaceType, LinuxNamespace>();
  for (const [index, namespace] of (linux.namespaces ?? []).entries()) {
    const entryPath = child(child(path, 'namespaces'), index);
    if (namespaces.has(namespace.type)) refuse(entryPath, `namespace "${namespace.type}" is given twice`);
    if (namespace.path !== undefined && namespace.path !== '' && !namespace.path.startsWith('/'))
      refuse(child(entryPath, 'path'), `must be an absolute path, not "${namespace.path}"`);
    namespaces.set(namespace.type, namespace);
  }
  return namespaces;
}

function checkLinux(spec: RuntimeSpec, linux: Linux, path: JsonPath): void {
  const namespaces = checkNamespaces(linux, path);
  for (const member of ['hostname', 'domainname'] as const)
    if ((spec[member] ?? '') !== '' && !namespaces.has('uts'))
      refuse(child(configJson, member), 'needs a uts namespace');
  for (const member of ['maskedPaths', 'readonlyPaths'] as const)
    if ((linux[member] ?? []).length > 0 && !namespaces.has('mount'))
      refuse(child(path, member), 'needs a mount namespace');
  if (Object.keys(linux.netDevices ?? {}).length > 0 && !namespaces.has('network'))
    refuse(child(path, 'netDevices'), 'needs a network namespace');
  checkSeccomp(linux, path);
  checkUserNamespace(linux, namespaces, path);
  checkTimeNamespace(linux, namespaces, path);
  checkResources(linux.resources ?? {}, child(path, 'resources'));
  checkSysctls(linux.sysctl ?? {}, namespaces, child(path, 'sysctl'), isOwnNetworkNamespace);
}

/** Without actions and rules there is no filter; rules alone are half of one. */
function checkSeccomp(linux: Linux, path: JsonPath): void {
  if (linux.seccomp === undefined || linux.seccomp.defaultAction !== undefined) return;
  const { syscalls = [] }: Partial<LinuxSeccomp> = linux.seccomp;
  if (syscalls.length > 0) refuse(child(child(path, 'seccomp'), 'defaultAction'), 'must be given');
  delete (linux as { seccomp?: unknown }).seccomp;
}

function checkUserNamespace(linux: Linux, namespaces: Namespaces, path: JsonPath): void {
  const mapped = linux.uidMappings !== undefined || linux.gidMappings !== undefined;
  const namespace = namespaces.get('user');
  if (namespace === undefined) {
    if (mapped) refuse(child(path, 'uidMappings'), 'needs a user namespace');
    return;
  }
  if ((namespace.path ?? '') === '' && !mapped)
    refuse(child(path, 'namespaces'), 'a new user namespace needs uidMappings and gidMappings');
}

function checkTimeNamespace(linux: Linux, namespaces: Namespaces, path: JsonPath): void {
  if (linux.timeOffsets === undefined) return;
  const namespace = namespaces.get('time');
  if (namespace === undefined) refuse(child(path, 'timeOffsets'), 'needs a time namespace');
  if ((namespace.path ?? '') !== '') refuse(child(path, 'timeOffsets'), 'needs a new time namespace, not one to join');
}

function checkResources(resources: LinuxResources, path: JsonPath): void {
  for (const [index, rule] of (resources.devices ?? []).entries()) {
    const rulePath = child(child(path, 'devices'), index);
    if (!['', 'a', 'b', 'c'].includes(rule.type ?? ''))
      refuse(child(rulePath, 'type'), `unknown device type "${rule.type}"`);
    if (!/^[rwm]+$/.test(rule.access ?? '')) refuse(child(rulePath, 'access'), 'must be made of r, w and m');
  }
  const swappiness = resources.memory?.swappiness;
  // -1 in Go's uint64: how Docker's API spells "not set".
  if (swappiness !== undefined && BigInt(swappiness) !== 2n ** 64n - 1n && BigInt(swappiness) > 100n)
    refuse(child(child(path, 'memory'), 'swappiness'), 'must be between 0 and 100');
}

/** True if the namespace file is the one that this process is in. */
function isOwnNetworkNamespace(file: string): boolean {
  const own = statSync('/proc/self/ns/net');
  const other = statSync(file);
  return own.dev === other.dev && own.ino === other.ino;
}
