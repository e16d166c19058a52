/**
 * A mount as containerd's API describes it (containerd.types.Mount): what a client, a shim or this daemon would have to mount, in order,
 * to see a snapshot. Options are mount(8)'s words, flags and file system data mixed.
 */
export interface Mount {
  /** `bind`, `overlay`, `tmpfs`, … */
  readonly type: string;
  readonly source: string;
  /** Path below the mount point where this mount goes; empty for the mount point itself. */
  readonly target: string;
  readonly options: readonly string[];
}
