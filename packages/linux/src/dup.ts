/** dup2(2): another number for an open file description. */
import { check, openLibc } from './libc.ts';

const libc = openLibc({ dup2: { args: ['i32', 'i32'], returns: 'i32' } });

/** Makes `target` mean what `source` means; what it meant before is closed. It is inherited by children. */
export function replaceDescriptor(source: number, target: number): void {
  check(libc.dup2(source, target), () => `duplicate descriptor ${source} to ${target}`);
}
