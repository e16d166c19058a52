/**
 * From a Docker seccomp profile to the OCI one: rules are kept or dropped by the container's capabilities, the machine's
 * architecture and the kernel's version. Format: moby's profiles/seccomp (`archMap`, `includes`, `excludes`), a superset of OCI's.
 */
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import type { LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSyscall } from '@docker-ts/oci/runtime-spec';

/** All conditions of `includes` must hold; one of `excludes` is enough to drop a rule. Architectures are Go's names. */
export interface SeccompCondition {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  /** `major.minor`, the first kernel on which it holds. */
  readonly minKernel?: string;
}

export interface SeccompRule {
  /** The older form of a single name. */
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly action: LinuxSeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly LinuxSeccompArg[] | null;
  readonly includes?: SeccompCondition | null;
  readonly excludes?: SeccompCondition | null;
}

export interface SeccompProfile {
  readonly defaultAction?: LinuxSeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[] | null;
  readonly archMap?:
    | readonly { readonly architecture: string; readonly subArchitectures: readonly string[] | null }[]
    | null;
  readonly flags?: readonly string[] | null;
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly SeccompRule[] | null;
}

/** What a profile is narrowed by. */
export interface SeccompContext {
  /** The bounding set, `CAP_…`. */
  readonly capabilities: readonly string[];
  /** Node's `process.arch`. */
  readonly arch: string;
  readonly kernel: { readonly major: number; readonly minor: number };
}

/** Node's architecture → Go's name (used in conditions) and libseccomp's (used in archMap). */
const architectures: Readonly<Record<string, { readonly go: string; readonly seccomp: string }>> = {
  x64: { go: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  ia32: { go: 'x86', seccomp: 'SCMP_ARCH_X86' },
  arm64: { go: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
  arm: { go: 'arm', seccomp: 'SCMP_ARCH_ARM' },
  ppc64: { go: 'ppc64le', seccomp: 'SCMP_ARCH_PPC64LE' },
  s390x: { go: 's390x', seccomp: 'SCMP_ARCH_S390X' },
  riscv64: { go: 'riscv64', seccomp: 'SCMP_ARCH_RISCV64' },
};

function kernelAtLeast(kernel: SeccompContext['kernel'], wanted: string): boolean {
  const match = /^(\d+)\.(\d+)$/.exec(wanted);
  if (match === null) throw invalidArgument(`invalid kernel version: "${wanted}"`);
  const major = Number(match[1]);
  return kernel.major > major || (kernel.major === major && kernel.minor >= Number(match[2]));
}

function applies(rule: SeccompRule, context: SeccompContext, arch: string): boolean {
  const { includes, excludes } = rule;
  const has = (cap: string): boolean => context.capabilities.includes(cap);
  if (excludes?.arches?.includes(arch) === true || excludes?.caps?.some(has) === true) return false;
  if (excludes?.minKernel !== undefined && kernelAtLeast(context.kernel, excludes.minKernel)) return false;
  if (includes?.arches != null && includes.arches.length > 0 && !includes.arches.includes(arch)) return false;
  if (includes?.caps?.every(has) === false) return false;
  return includes?.minKernel === undefined || kernelAtLeast(context.kernel, includes.minKernel);
}

function ruleNames(rule: SeccompRule): readonly string[] {
  const names = rule.names ?? [];
  if (rule.name === undefined || rule.name === '') return names;
  if (names.length > 0)
    throw invalidArgument(`both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'`);
  return [rule.name];
}

function toSyscall(rule: SeccompRule): LinuxSyscall {
  return {
    names: ruleNames(rule),
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args == null || rule.args.length === 0 ? {} : { args: rule.args }),
  };
}

/** Narrows `profile` to one container; `undefined` for a profile that says nothing (seccomp off, as moby reads it). */
export function narrowSeccomp(profile: SeccompProfile, context: SeccompContext): LinuxSeccomp | undefined {
  const rules = profile.syscalls ?? [];
  if ((profile.defaultAction ?? '') === '' && rules.length === 0) return undefined;
  if ((profile.architectures?.length ?? 0) > 0 && (profile.archMap?.length ?? 0) > 0)
    throw invalidArgument(
      `both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'`,
    );
  const native = architectures[context.arch];
  const mapped = profile.archMap?.find((entry) => entry.architecture === native?.seccomp);
  const wanted = [
    ...(profile.architectures ?? []),
    ...(mapped === undefined ? [] : [mapped.architecture, ...(mapped.subArchitectures ?? [])]),
  ];
  return {
    defaultAction: profile.defaultAction ?? ('' as LinuxSeccompAction),
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(wanted.length === 0 ? {} : { architectures: wanted }),
    ...(profile.flags == null ? {} : { flags: profile.flags }),
    ...(profile.listenerPath === undefined ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata === undefined ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls: rules.filter((rule) => applies(rule, context, native?.go ?? context.arch)).map(toSyscall),
  };
}

/** Reads a profile that a client sent as text (`--security-opt seccomp=FILE`: the CLI sends the file's content). */
export function parseSeccompProfile(text: string): SeccompProfile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not a JSON object');
    return value;
  } catch (error) {
    throw invalidArgument(`Decoding seccomp profile failed: ${messageOf(error)}`, error);
  }
}
