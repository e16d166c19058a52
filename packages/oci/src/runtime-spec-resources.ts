/** `linux.resources` of config.json: config-linux.md, "Control groups". The words are cgroup v1's; v2 gets them converted. */
import type { JsonInteger } from './runtime-spec.ts';

export interface LinuxResources {
  /** Applied in order. */
  readonly devices?: readonly LinuxDeviceCgroup[];
  readonly memory?: LinuxMemory;
  readonly cpu?: LinuxCpu;
  readonly pids?: LinuxPids;
  readonly blockIO?: LinuxBlockIo;
  readonly hugepageLimits?: readonly LinuxHugepageLimit[];
  readonly network?: LinuxNetwork;
  /** Device name → limits. */
  readonly rdma?: Readonly<Record<string, LinuxRdma>>;
  /** cgroup v2 file → what is written to it. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface LinuxDeviceCgroup {
  readonly allow: boolean;
  /** `a`ll (default), `c`, `b`. */
  readonly type?: string;
  /** Absent or -1: any. */
  readonly major?: JsonInteger;
  readonly minor?: JsonInteger;
  /** Of `r`, `w`, `m` (mknod). */
  readonly access?: string;
}

/** Bytes; -1 lifts a limit. */
export interface LinuxMemory {
  readonly limit?: JsonInteger;
  /** Soft limit. */
  readonly reservation?: JsonInteger;
  /** Memory and swap together. */
  readonly swap?: JsonInteger;
  /** Kernel memory: no longer in the kernel, ignored with a warning. */
  readonly kernel?: JsonInteger;
  readonly kernelTCP?: JsonInteger;
  /** 0 … 100, v1 only. */
  readonly swappiness?: JsonInteger;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  /** Refuse an update to less than is in use. */
  readonly checkBeforeUpdate?: boolean;
}

export interface LinuxCpu {
  /** Relative weight, 2 … 262144. */
  readonly shares?: JsonInteger;
  /** Microseconds of run time in each period; -1: no limit. */
  readonly quota?: JsonInteger;
  /** Microseconds that may be saved up. */
  readonly burst?: JsonInteger;
  /** Microseconds. */
  readonly period?: JsonInteger;
  /** Microseconds, as the next. */
  readonly realtimeRuntime?: JsonInteger;
  readonly realtimePeriod?: JsonInteger;
  /** CPU list, `0-3,7`. */
  readonly cpus?: string;
  /** Memory node list. */
  readonly mems?: string;
  /** 1: SCHED_IDLE for the whole cgroup. */
  readonly idle?: JsonInteger;
}

export interface LinuxPids {
  /** Negative: no limit. 0 is taken as 1, as runc does: with none at all not even the container's process could start. */
  readonly limit?: JsonInteger;
}

export interface LinuxBlockIo {
  /** 10 … 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly LinuxWeightDevice[];
  /** Bytes a second. */
  readonly throttleReadBpsDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly LinuxThrottleDevice[];
  /** Operations a second. */
  readonly throttleReadIOPSDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly LinuxThrottleDevice[];
}

export interface LinuxWeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

export interface LinuxThrottleDevice {
  readonly major: number;
  readonly minor: number;
  readonly rate: JsonInteger;
}

export interface LinuxHugepageLimit {
  /** `2MB`, `1GB`: the part of the file's name in the hugetlb controller. */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: JsonInteger;
}

/** cgroup v1 only. */
export interface LinuxNetwork {
  readonly classID?: number;
  readonly priorities?: readonly LinuxInterfacePriority[];
}

export interface LinuxInterfacePriority {
  readonly name: string;
  readonly priority: number;
}

export interface LinuxRdma {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}
