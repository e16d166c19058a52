/**
 * What a shim's `start` prints, in the three dialects that are about, and how the bundle remembers it.
 *
 *     unix:///run/containerd/s/<hex>                                         containerd 1.x: task service v2
 *     {"version":3,"address":"unix:///…","protocol":"ttrpc"}                 2.0 to 2.2; version 2 in 1.7
 *     containerd.runtime.bootstrap.v1.BootstrapResult, binary                2.3
 */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import { BootstrapResult } from '@docker-ts/rpc/gen/containerd/runtime/bootstrap/v1/bootstrap';

export type TaskApiVersion = 2 | 3;

/** How to reach a shim. */
export interface ShimAddress {
  readonly version: TaskApiVersion;
  /** `unix:///path`. */
  readonly address: string;
  readonly protocol: 'ttrpc';
}

/** @throws invalid_argument for what is no answer; unimplemented for a version or protocol that is not spoken here. */
export function parseStartAnswer(output: Uint8Array): ShimAddress {
  const text = new TextDecoder().decode(output).trim();
  if (text === '') throw invalidArgument('cannot read the answer of the shim: it is empty');
  if (text.startsWith('{')) return checked(fromJson(text));
  // a binary answer begins with field 1 or 2 (bytes 0x08, 0x12), which no address does
  if (output[0] === 0x08 || output[0] === 0x12) return checked(fromBinary(output));
  return checked({ version: 2, address: text, protocol: 'ttrpc' });
}

/** The text of bootstrap.json, as containerd 2.x writes it. */
export function formatBootstrap({ version, address, protocol }: ShimAddress): string {
  return JSON.stringify({ version, address, protocol });
}

/** The path of a `unix://` address. @throws invalid_argument. */
export function unixPath(address: string): string {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : address;
  if (!path.startsWith('/')) throw invalidArgument(`cannot use address "${address}" of the shim: not a unix socket`);
  return path;
}

interface RawAddress {
  readonly version: number;
  readonly address: string;
  readonly protocol: string;
}

function checked({ version, address, protocol }: RawAddress): ShimAddress {
  if (version !== 2 && version !== 3) throw unimplemented(`unsupported shim version (${version}): not implemented`);
  if (protocol.toLowerCase() !== 'ttrpc') throw unimplemented(`unsupported protocol: ${protocol}: not implemented`);
  unixPath(address);
  return { version, address, protocol: 'ttrpc' };
}

function fromJson(text: string): RawAddress {
  let parsed: Partial<RawAddress>;
  try {
    parsed = JSON.parse(text) as Partial<RawAddress>;
  } catch (error) {
    throw invalidArgument(`cannot read the answer of the shim: malformed JSON: ${text.slice(0, 200)}`, error);
  }
  return { version: parsed.version ?? 2, address: parsed.address ?? '', protocol: parsed.protocol ?? 'ttrpc' };
}

function fromBinary(output: Uint8Array): RawAddress {
  try {
    return BootstrapResult.decode(output);
  } catch (error) {
    throw invalidArgument('cannot read the answer of the shim: malformed message', error);
  }
}
