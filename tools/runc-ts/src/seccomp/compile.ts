/**
 * From `linux.seccomp` of config.json to the BPF program for seccomp(2). Policy where the specification is silent: runc and
 * libseccomp, so that a profile means the same here.
 *
 *     arch? ─┬─ x86-64 ── x32 bit? ─┬─ no:  younger than the profile? ── binary search ── conditions ── return
 *            │                      └─ yes: the same for x32, or kill
 *            ├─ i386 ──── younger than the profile? ── binary search ── …
 *            └─ any other: kill the thread
 *
 * "Younger than the profile": numbers above the largest that the profile names fail with ENOSYS, unless the default action lets
 * calls through. C libraries probe new system calls and fall back on ENOSYS; EPERM would break them on every new kernel
 * (runc's `patchbpf`).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '@docker-ts/oci/runtime-spec';
import { letsThrough, returnEnosys, returnValue, SECCOMP_RET_KILL_THREAD } from './action.ts';
import { archOffset, BpfWriter, type Label, maxInstructions, numberOffset } from './bpf.ts';
import { writeDecisionTree } from './decision-tree.ts';
import { seccompFilterFlag, type SeccompProgram } from './program.ts';
import { RuleSet } from './rule-set.ts';
import { architectureOf, isKnownSyscall, nativeArchitectureName, x32Bit } from './syscall-table.ts';

export interface CompileOptions {
  /** The architecture of the kernel, `x86_64` or `SCMP_ARCH_X86_64`; default: this machine's. It is always part of the filter. */
  readonly arch?: string;
}

/**
 * Compiles a profile. invalid_argument for what cannot be a filter (contradicting rules, SCMP_ACT_NOTIFY where it would lock
 * up the start, too many rules), unimplemented for architectures without a table here and for unknown flags.
 */
export function compileSeccomp(config: LinuxSeccomp, options: CompileOptions = {}): SeccompProgram {
  const ruleSets = ruleSetsOf(config, options);
  const warnings = addRules(config, ruleSets);
  const writer = new BpfWriter();
  const filter = writer.finish(writeProgram(writer, config, ruleSets));
  const { instructionCount } = writer;
  if (instructionCount > maxInstructions)
    throw invalidArgument(
      `cannot compile seccomp filter: ${instructionCount} instructions, the kernel takes ${maxInstructions}`,
    );
  return {
    filter,
    instructionCount,
    flags: flagsOf(config),
    ...(config.listenerPath === undefined ? {} : { listenerPath: config.listenerPath }),
    ...(config.listenerMetadata === undefined ? {} : { listenerMetadata: config.listenerMetadata }),
    warnings,
  };
}

function ruleSetsOf(config: LinuxSeccomp, options: CompileOptions): RuleSet[] {
  const native = architectureOf(options.arch ?? nativeArchitectureName());
  const architectures = new Set([native]);
  for (const name of config.architectures ?? []) architectures.add(architectureOf(name));
  return Array.from(architectures, (architecture) => new RuleSet(architecture));
}

function addRules(config: LinuxSeccomp, ruleSets: readonly RuleSet[]): string[] {
  const warnings: string[] = [];
  const defaultValue = returnValue(config.defaultAction, config.defaultErrnoRet);
  refuseNotify(config);
  for (const call of config.syscalls ?? []) {
    const value = returnValue(call.action, call.errnoRet);
    // A rule that repeats the default is no rule: libseccomp refuses it, and runc skips it.
    const effective = value === defaultValue ? undefined : value;
    for (const args of alternatives(call)) {
      let unknown: readonly string[] = call.names;
      for (const rules of ruleSets) {
        const missing = rules.add(call.names, args, effective);
        unknown = unknown === call.names ? missing : unknown.filter((name) => missing.includes(name));
      }
      for (const name of unknown) if (!isKnownSyscall(name)) warnings.push(`unknown system call "${name}" ignored`);
    }
  }
  return warnings;
}

/** Conditions on different arguments belong together; if two are on the same argument, each is an alternative of its own (runc). */
function alternatives({ args = [] }: LinuxSyscall): readonly (readonly LinuxSeccompArg[])[] {
  const indices = new Set(args.map(({ index }) => index));
  return indices.size === args.length ? [args] : args.map((arg) => [arg]);
}

/** The runtime still has to write once, to hand over the notification descriptor, before anybody can answer a notification. */
function refuseNotify(config: LinuxSeccomp): void {
  if (config.defaultAction === 'SCMP_ACT_NOTIFY')
    throw invalidArgument('cannot compile seccomp filter: SCMP_ACT_NOTIFY cannot be used as default action');
  for (const { action, names } of config.syscalls ?? [])
    if (action === 'SCMP_ACT_NOTIFY' && names.includes('write'))
      throw invalidArgument('cannot compile seccomp filter: SCMP_ACT_NOTIFY cannot be used for the write syscall');
}

function writeProgram(writer: BpfWriter, config: LinuxSeccomp, ruleSets: readonly RuleSet[]): Label {
  const x32 = ruleSets.find(({ architecture }) => architecture.name === 'x32');
  let label = writer.ret(SECCOMP_RET_KILL_THREAD);
  for (const rules of ruleSets) {
    const { architecture } = rules;
    if (architecture.name === 'x32') continue;
    const otherArchitecture = label;
    let decide = writeKnownOrEnosys(writer, config, rules);
    if (architecture.name === 'x86_64') {
      const native = decide;
      const marked = x32 === undefined ? writeWithoutX32(writer, config) : writeKnownOrEnosys(writer, config, x32);
      decide = writer.jump('ge', x32Bit, marked, native);
    }
    label = writer.jump('eq', architecture.audit, writer.load(numberOffset, decide), otherArchitecture);
  }
  return writer.load(archOffset, label);
}

function writeKnownOrEnosys(writer: BpfWriter, config: LinuxSeccomp, rules: RuleSet): Label {
  const tree = writeDecisionTree(writer, rules, returnValue(config.defaultAction, config.defaultErrnoRet));
  if (rules.last === 0 || letsThrough(config.defaultAction)) return tree;
  return writer.jump('gt', rules.architecture.numberBase + rules.last, writer.ret(returnEnosys), tree);
}

/** -1 is how a tracer skips a system call, and no x32 number. */
function writeWithoutX32(writer: BpfWriter, config: LinuxSeccomp): Label {
  const skipped = writer.ret(returnValue(config.defaultAction, config.defaultErrnoRet));
  return writer.jump('eq', 0xffffffff, skipped, writer.ret(SECCOMP_RET_KILL_THREAD));
}

const flagBits: Readonly<Record<string, number>> = {
  // runc takes it and passes nothing on: the process that loads the filter has one thread, which then executes the program.
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: seccompFilterFlag.LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: seccompFilterFlag.SPEC_ALLOW,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: seccompFilterFlag.WAIT_KILLABLE_RECV,
};

/** The flags that a profile may name, for `features`. */
export const knownSeccompFlags: readonly string[] = Object.keys(flagBits);

function flagsOf({ flags = ['SECCOMP_FILTER_FLAG_SPEC_ALLOW'], syscalls = [] }: LinuxSeccomp): number {
  let bits = syscalls.some(({ action }) => action === 'SCMP_ACT_NOTIFY') ? seccompFilterFlag.NEW_LISTENER : 0;
  for (const flag of flags) {
    if (!Object.hasOwn(flagBits, flag)) throw invalidArgument(`cannot compile seccomp filter: unknown flag "${flag}"`);
    bits |= flagBits[flag] ?? 0;
  }
  return bits;
}
