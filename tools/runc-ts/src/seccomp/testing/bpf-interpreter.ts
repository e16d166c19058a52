/** Runs a seccomp filter as the kernel would (net/core/filter.c, the subset that seccomp_check_filter allows): for tests. */

/** What a filter sees of a system call. */
export interface SeccompData {
  readonly nr: number;
  readonly arch: number;
  readonly args: readonly bigint[];
}

function encodeData({ nr, arch, args }: SeccompData): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, nr, true);
  view.setUint32(4, arch, true);
  for (let index = 0; index < 6; index++) view.setBigUint64(16 + index * 8, args[index] ?? 0n, true);
  return view;
}

/** The value that `filter` (struct sock_filter[]) returns, and in how many steps. Throws for what the kernel would refuse. */
export function runFilter(filter: Uint8Array, data: SeccompData): { value: number; steps: number } {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const memory = encodeData(data);
  let accumulator = 0;
  let pc = 0;
  for (let steps = 1; ; steps++) {
    const at = pc * 8;
    if (at >= filter.byteLength) throw new Error(`instruction ${pc} is beyond the end`);
    const [code, jt, jf] = [program.getUint16(at, true), program.getUint8(at + 2), program.getUint8(at + 3)];
    const k = program.getUint32(at + 4, true);
    const branch = (taken: boolean): number => pc + 1 + (taken ? jt : jf);
    switch (code) {
      case 0x20:
        accumulator = memory.getUint32(k, true);
        pc++;
        break;
      case 0x54:
        accumulator = (accumulator & k) >>> 0;
        pc++;
        break;
      case 0x05:
        pc += 1 + k;
        break;
      case 0x15:
        pc = branch(accumulator === k);
        break;
      case 0x25:
        pc = branch(accumulator > k);
        break;
      case 0x35:
        pc = branch(accumulator >= k);
        break;
      case 0x45:
        pc = branch((accumulator & k) !== 0);
        break;
      case 0x06:
        return { value: k, steps };
      default:
        throw new Error(`instruction ${pc} has an unknown code ${code}`);
    }
  }
}
