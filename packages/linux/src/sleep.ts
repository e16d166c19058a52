/** Waiting on the JavaScript thread, for programs that do one thing after the other. Daemons must not use it. */

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread for about that long. */
export function sleepSync(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds);
}
