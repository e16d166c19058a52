/**
 * bpf(2), the part that device access of cgroup v2 needs: loading a BPF_PROG_TYPE_CGROUP_DEVICE program and attaching it to a cgroup's
 * directory. Constants and layouts: include/uapi/linux/bpf.h.
 */
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:fs';
import { unimplemented } from '@docker-ts/base/errors';
import { ptr } from 'bun:ffi';
import { check, cString, openLibc, SystemError } from './libc.ts';

const systemCallNumbers: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };

const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;

const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const BPF_F_REPLACE = 4;

/** The kernel attaches at most that many programs of one type to a cgroup. */
const maxPrograms = 64;

let libc: ReturnType<typeof openBpf> | undefined;
const openBpf = () => openLibc({ syscall: { args: ['i64', 'u32', 'ptr', 'u32'], returns: 'i64' } });

function bpf(command: number, attributes: Uint8Array, operation: string): number {
  const number = systemCallNumbers[process.arch];
  if (number === undefined) throw unimplemented(`cannot ${operation}: not supported on ${process.arch}`);
  libc ??= openBpf();
  return check(Number(libc.syscall(number, command, attributes, attributes.length)), operation);
}

/** A union bpf_attr; what is not written stays zero. */
function attributes(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}

const EAGAIN = 11;

/** BPF_PROG_LOAD of a device filter (struct bpf_insn[]); the descriptor is the caller's to close. */
export function loadDeviceFilter(program: Uint8Array, license = 'Apache'): number {
  const licenseText = cString(license);
  const load = attributes(48, (view) => {
    view.setUint32(0, BPF_PROG_TYPE_CGROUP_DEVICE, true);
    view.setUint32(4, program.length / 8, true);
    view.setBigUint64(8, BigInt(ptr(program)), true);
    view.setBigUint64(16, BigInt(ptr(licenseText)), true);
  });
  for (let attempt = 1; ; attempt++) {
    try {
      return bpf(BPF_PROG_LOAD, load, 'load device filter');
    } catch (error) {
      // A signal interrupts the kernel's verifier, which does not start again by itself.
      if (!(error instanceof SystemError) || error.errno !== EAGAIN || attempt > 30) throw error;
    }
  }
}

/** The ids of the device filters that are attached to a cgroup itself, not to its ancestors. */
export function queryDeviceFilters(cgroup: number): number[] {
  const ids = new Uint32Array(maxPrograms);
  // Linux 6.17 writes the last field whatever size it is told, so there has to be room for it.
  const query = attributes(64, (view) => {
    view.setUint32(0, cgroup, true);
    view.setUint32(4, BPF_CGROUP_DEVICE, true);
    view.setBigUint64(16, BigInt(ptr(ids)), true);
    view.setUint32(24, maxPrograms, true);
  });
  bpf(BPF_PROG_QUERY, query, 'query device filters');
  return [...ids.subarray(0, new DataView(query.buffer).getUint32(24, true))];
}

function openProgram(id: number): number {
  const byId = attributes(16, (view) => view.setUint32(0, id, true));
  return bpf(BPF_PROG_GET_FD_BY_ID, byId, `open device filter ${id}`);
}

function attach(cgroup: number, program: number, replaced?: number): void {
  const target = attributes(20, (view) => {
    view.setUint32(0, cgroup, true);
    view.setUint32(4, program, true);
    view.setUint32(8, BPF_CGROUP_DEVICE, true);
    view.setUint32(12, BPF_F_ALLOW_MULTI | (replaced === undefined ? 0 : BPF_F_REPLACE), true);
    view.setUint32(16, replaced ?? 0, true);
  });
  bpf(BPF_PROG_ATTACH, target, 'attach device filter');
}

function detach(cgroup: number, program: number): void {
  const target = attributes(20, (view) => {
    view.setUint32(0, cgroup, true);
    view.setUint32(4, program, true);
    view.setUint32(8, BPF_CGROUP_DEVICE, true);
  });
  bpf(BPF_PROG_DETACH, target, 'detach device filter');
}

/**
 * Makes `program` the only device filter of the cgroup at `directory`. At no time is there none: one old program is replaced in
 * place, several stay until the new one is attached (all of a cgroup's filters must agree to an access).
 */
export function replaceDeviceFilter(directory: string, program: Uint8Array): void {
  using cgroup = new OpenDescriptor(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY));
  const old = queryDeviceFilters(cgroup.fd);
  using loaded = new OpenDescriptor(loadDeviceFilter(program));
  if (old.length === 1) {
    using replaced = new OpenDescriptor(openProgram(old[0] ?? 0));
    attach(cgroup.fd, loaded.fd, replaced.fd);
    return;
  }
  attach(cgroup.fd, loaded.fd);
  for (const id of old) {
    using removed = new OpenDescriptor(openProgram(id));
    detach(cgroup.fd, removed.fd);
  }
}

class OpenDescriptor implements Disposable {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
