/**
 * The pure half of setting limits: which control file gets which value, in which order, and which field of config.json asked for it.
 * Planning looks at the host through `CgroupFacts` alone, so plans can be compared with golden ones without root.
 */
import { readCgroupFile } from '@docker-ts/linux/cgroup-file';

export interface CgroupWrite {
  /** Absolute path of a control file; of the cgroup's directory for a device filter. */
  readonly file: string;
  readonly value: string;
  /** Where in config.json the value came from: `linux.resources.memory.limit`. */
  readonly field: string;
  /** The kernel may lack this file: then the write is left out. */
  readonly optional?: true;
  /**
   * Depends on a value that comes later in the plan (a period on its quota): if the kernel says EINVAL, the write is tried again
   * after all others.
   */
  readonly deferrable?: true;
  /** The kernel clamps the value silently; reading back something else is an error. */
  readonly exact?: true;
  /** struct bpf_insn[]: instead of a write, this device filter replaces the cgroup's. `value` describes it. */
  readonly deviceFilter?: Uint8Array;
}

/** What planning wants to know of the host. */
export interface CgroupFacts {
  /** The control file's text; undefined if there is none. */
  read(file: string): string | undefined;
}

export const hostFacts: CgroupFacts = { read: readCgroupFile };
