/** What went over a network interface, as containerd's cgroup metrics carry it beside the cgroup's own counters. */

/** Counters of one network interface, for the message's `network`; filled in by whoever knows the network namespace. */
export interface NetworkStat {
  name: string;
  rxBytes: bigint;
  rxPackets: bigint;
  rxErrors: bigint;
  rxDropped: bigint;
  txBytes: bigint;
  txPackets: bigint;
  txErrors: bigint;
  txDropped: bigint;
}
