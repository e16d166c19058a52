/**
 * Snapshots: file system trees that build on each other (containerd core/snapshots).
 *
 * Words
 * - A *snapshot* is a tree plus a record: kind, parent, labels, times.
 * - An *active* snapshot is writable and named by its *key*. A *view* is a read-only look at a parent, also named by a key.
 * - A *committed* snapshot is frozen and named by its *name*. Only committed snapshots can be parents.
 * - The *parent* of a snapshot is the committed snapshot that its tree starts from; the empty string means an empty tree.
 * - *Mounts* are what somebody has to mount to see the tree; the snapshotter itself mounts nothing.
 *
 * Life cycle
 *
 *     prepare(key, parent) → active ── commit(name, key) → committed ── remove(name) → gone
 *                              └────── remove(key) → gone                 (fails while it has children)
 *     view(key, parent) ─────→ view ── remove(key) → gone
 *
 * Keys and names share one space. After `commit` the key is free again. Files that were open in an active snapshot when it is
 * committed are the caller's business: what they write afterwards is undefined.
 */
import type { Mount } from '../mounts/mount.ts';

export type SnapshotKind = 'view' | 'active' | 'committed';

export type SnapshotLabels = Readonly<Record<string, string>>;

export interface SnapshotInfo {
  readonly kind: SnapshotKind;
  /** The key of an active snapshot or a view, the name of a committed one. */
  readonly name: string;
  /** Empty for none. */
  readonly parent: string;
  readonly labels: SnapshotLabels;
  /** Nanoseconds since the epoch. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

/** What a snapshot takes of the disk without its parents. */
export interface SnapshotUsage {
  readonly sizeBytes: bigint;
  readonly inodes: bigint;
}

export interface CommitOptions {
  /** Replace those of the active snapshot. */
  readonly labels?: SnapshotLabels;
  /** Gives an active snapshot that has no parent one (rebase). */
  readonly parent?: string;
}

export interface Snapshotter extends AsyncDisposable {
  /** @throws not_found. */
  stat(key: string): Promise<SnapshotInfo>;

  /**
   * Changes labels, the only thing that can be changed. `fieldPaths` are `labels` and `labels.<key>`; none means all labels.
   * @throws not_found; invalid_argument for another field.
   */
  update(name: string, labels: SnapshotLabels, fieldPaths: readonly string[]): Promise<SnapshotInfo>;

  /** Scans the tree of an active snapshot; answers from the record for a committed one. @throws not_found. */
  usage(key: string): Promise<SnapshotUsage>;

  /** The mounts of an active snapshot or a view. @throws not_found; failed_precondition for a committed snapshot. */
  mounts(key: string): Promise<readonly Mount[]>;

  /** Makes an active snapshot. @throws already_exists; not_found for the parent; invalid_argument if that is not committed. */
  prepare(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]>;

  /** Makes a view. Errors as `prepare`. */
  view(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]>;

  /** Freezes the active snapshot `key` as `name`. @throws not_found; already_exists; failed_precondition if it is not active. */
  commit(name: string, key: string, options: CommitOptions): Promise<void>;

  /**
   * Removes the snapshot at once from view; its files go soon after.
   * @throws not_found; failed_precondition while other snapshots build on it.
   */
  remove(key: string): Promise<void>;

  /** All snapshots, in the order of their names. */
  list(): Promise<readonly SnapshotInfo[]>;

  /** Waits until the files of everything removed so far are gone, and removes what a crash left behind. */
  cleanup(): Promise<void>;
}
