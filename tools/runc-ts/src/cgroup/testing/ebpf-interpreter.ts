/** Runs a device filter as the kernel's BPF machine would: the few instructions that the compiler uses, for tests. */

export interface DeviceAccess {
  readonly type: 'b' | 'c';
  /** Of `rwm`. */
  readonly access: string;
  readonly major: number;
  readonly minor: number;
}

/** True if the program returns 1. Throws for what it does not know, and for programs that do not end in a return. */
export function allows(program: Uint8Array, { type, access, major, minor }: DeviceAccess): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const bits = access.split('').reduce((sum, mode) => sum | { m: 1, r: 2, w: 4 }[mode as 'r' | 'w' | 'm'], 0);
  const context = new Map([
    [0, BigInt(bits * 65_536 + (type === 'b' ? 1 : 2))],
    [4, BigInt(major)],
    [8, BigInt(minor)],
  ]);
  const registers = Array.from({ length: 11 }, () => 0n);
  for (let pc = 0; ; pc++) {
    const at = pc * 8;
    if (at >= program.byteLength) throw new Error(`instruction ${pc} is beyond the end`);
    const code = view.getUint8(at);
    const [dst, src] = [view.getUint8(at + 1) & 15, view.getUint8(at + 1) >> 4];
    const [off, imm] = [view.getInt16(at + 2, true), BigInt(view.getInt32(at + 4, true))];
    const value = registers[dst] ?? 0n;
    const other = registers[src] ?? 0n;
    const low = (result: bigint): bigint => BigInt.asUintN(32, result);
    if (code === 0x95) return registers[0] === 1n;
    else if (code === 0x61) registers[dst] = context.get(off) ?? 0n;
    else if (code === 0x54) registers[dst] = low(value & imm);
    else if (code === 0x74) registers[dst] = low(value) >> imm;
    else if (code === 0xbc) registers[dst] = low(other);
    else if (code === 0xb7) registers[dst] = imm;
    else if (code === 0x15) pc += value === imm ? off : 0;
    else if (code === 0x55) pc += value === imm ? 0 : off;
    else if (code === 0x5d) pc += value === other ? 0 : off;
    else throw new Error(`instruction ${pc} has an unknown code ${code}`);
  }
}
