/**
 * Device rules as an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE), which is what cgroup v2 has in place of devices.allow. The kernel
 * calls it for each open and mknod with `struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }`; it returns 1 to allow.
 * Instruction set: kernel Documentation/bpf/standardization/instruction-set.rst.
 *
 *     r2 = type, r3 = access, r4 = major, r5 = minor
 *     for each exception: all that it names matches? → return the opposite of the default
 *     return the default
 */
import type { DeviceException, DeviceRules } from './device-rules.ts';
import { anyNumber } from './device-rules.ts';

const LDX_MEM_W = 0x61;
const ALU_AND_K = 0x54;
const ALU_RSH_K = 0x74;
const ALU_MOV_X = 0xbc;
const ALU64_MOV_K = 0xb7;
const JMP_JEQ_K = 0x15;
const JMP_JNE_K = 0x55;
const JMP_JNE_X = 0x5d;
const EXIT = 0x95;

const jumps: ReadonlySet<number> = new Set([JMP_JEQ_K, JMP_JNE_K, JMP_JNE_X]);

/** BPF_DEVCG_DEV_* and BPF_DEVCG_ACC_*. */
const deviceTypes = { b: 1, c: 2 } as const;
const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const allAccess = 7;

/** One struct bpf_insn: code, destination register, source register, offset, immediate. */
type Instruction = [code: number, dst: number, src: number, off: number, imm: number];

/** struct bpf_insn[]. */
export function compileDeviceFilter(rules: DeviceRules): Uint8Array {
  const program: Instruction[] = [
    [LDX_MEM_W, 2, 1, 0, 0],
    [ALU_AND_K, 2, 0, 0, 0xffff],
    [LDX_MEM_W, 3, 1, 0, 0],
    [ALU_RSH_K, 3, 0, 0, 16],
    [LDX_MEM_W, 4, 1, 4, 0],
    [LDX_MEM_W, 5, 1, 8, 0],
  ];
  for (const exception of rules.exceptions()) program.push(...exceptionBlock(exception, !rules.allowByDefault));
  program.push(...verdict(rules.allowByDefault));
  return encode(program);
}

function verdict(allow: boolean): Instruction[] {
  return [
    [ALU64_MOV_K, 0, 0, 0, allow ? 1 : 0],
    [EXIT, 0, 0, 0, 0],
  ];
}

function exceptionBlock({ type, major, minor, access }: DeviceException, allow: boolean): Instruction[] {
  const block: Instruction[] = [[JMP_JNE_K, 2, 0, 0, deviceTypes[type]]];
  let mask = 0;
  for (const mode of access) mask |= accessBits[mode] ?? 0;
  if (mask !== allAccess) block.push(...accessTest(mask, allow));
  if (major !== anyNumber) block.push([JMP_JNE_K, 4, 0, 0, major]);
  if (minor !== anyNumber) block.push([JMP_JNE_K, 5, 0, 0, minor]);
  block.push(...verdict(allow));
  // Whatever does not match goes on behind the block.
  for (const [index, instruction] of block.entries())
    if (jumps.has(instruction[0])) instruction[3] = block.length - index - 1;
  return block;
}

/**
 * A permission must contain all modes that are asked for (r3 & mask == r3); a refusal applies as soon as one of its modes is asked
 * for (r3 & mask != 0), as on v1.
 */
function accessTest(mask: number, allow: boolean): Instruction[] {
  return [
    [ALU_MOV_X, 1, 3, 0, 0],
    [ALU_AND_K, 1, 0, 0, mask],
    allow ? [JMP_JNE_X, 1, 3, 0, 0] : [JMP_JEQ_K, 1, 0, 0, 0],
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, dst, src, off, imm]] of program.entries()) {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, (src << 4) | dst);
    view.setInt16(index * 8 + 2, off, true);
    view.setInt32(index * 8 + 4, imm, true);
  }
  return bytes;
}
