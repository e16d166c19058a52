/**
 * The multiplexed stream of attach, exec and logs without a terminal (Engine API, "Stream format"):
 *
 *      0        1 2 3    4 5 6 7          8
 *     ┌────────┬────────┬────────────────┬───────────┐
 *     │ stream │ 0 0 0  │ length, big    │ data …    │     stream: 0 stdin, 1 stdout, 2 stderr, 3 an error of the daemon
 *     └────────┴────────┴────────────────┴───────────┘
 */
export type OutputStream = 'stdout' | 'stderr';

const streamNumbers = { stdout: 1, stderr: 2, systemerr: 3 } as const;

export const frameHeaderBytes = 8;

/** One frame around `data`. */
export function frame(stream: keyof typeof streamNumbers, data: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + data.length);
  bytes.writeUInt32BE(streamNumbers[stream] * 0x1000000, 0);
  bytes.writeUInt32BE(data.length, 4);
  bytes.set(data, frameHeaderBytes);
  return bytes;
}

/** The stream's type in HTTP: with a terminal there is nothing to tell apart. */
export const rawStreamType = 'application/vnd.docker.raw-stream';
export const multiplexedStreamType = 'application/vnd.docker.multiplexed-stream';
