/** A plan as the bytes that the init reads; the format is in `schema.ts`. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Step } from './plan.ts';
import { type FieldType, operations, planMagic, planVersion } from './schema.ts';

const headerBytes = 12;

/** A buffer that grows. */
class Writer {
  #buffer = Buffer.allocUnsafe(16_384);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }

  u16(value: number, at = this.#reserve(2)): void {
    this.#buffer.writeUInt16LE(value, at);
  }

  u32(value: number, at = this.#reserve(4)): void {
    this.#buffer.writeUInt32LE(value >>> 0, at);
  }

  u64(value: bigint): void {
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#reserve(8));
  }

  raw(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#reserve(bytes.length));
  }

  str(text: string): void {
    const size = Buffer.byteLength(text);
    this.u32(size);
    const at = this.#reserve(size + 1);
    this.#buffer.write(text, at, 'utf8');
    this.#buffer[at + size] = 0;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

function refuseNul(text: string, step: Step): string {
  if (text.includes('\0')) throw invalidArgument(`cannot ${step.what}: ${step.field || 'a text'} contains NUL`);
  return text;
}

function writeField(writer: Writer, type: FieldType, value: unknown, step: Step): void {
  switch (type) {
    case 'u32':
    case 'i32':
      return writer.u32(value as number);
    case 'u64':
      return writer.u64(value as bigint);
    case 'str':
      return writer.str(refuseNul(value as string, step));
    case 'strs':
      writer.u32((value as readonly string[]).length);
      for (const item of value as readonly string[]) writer.str(refuseNul(item, step));
      return;
    case 'bytes':
      writer.u32((value as Uint8Array).length);
      return writer.raw(value as Uint8Array);
    case 'u32s':
      writer.u32((value as readonly number[]).length);
      for (const item of value as readonly number[]) writer.u32(item);
  }
}

/** invalid_argument if a text contains NUL, which no system call can take. */
export function encodePlan(steps: readonly Step[]): Uint8Array {
  const writer = new Writer();
  writer.raw(Buffer.from(planMagic, 'latin1'));
  writer.u16(planVersion);
  writer.u16(steps.length);
  writer.u32(0);
  for (const step of steps) {
    const { number, fields } = operations[step.operation];
    writer.u16(number);
    writer.u16(0);
    const lengthAt = writer.length;
    writer.u32(0);
    for (const [name, type] of Object.entries<FieldType>(fields))
      writeField(writer, type, step.values[name as keyof typeof step.values], step);
    writer.u32(writer.length - lengthAt - 4, lengthAt);
  }
  writer.u32(writer.length - headerBytes, headerBytes - 4);
  return writer.bytes();
}
