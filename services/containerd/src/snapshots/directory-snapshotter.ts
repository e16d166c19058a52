/**
 * A snapshotter whose snapshots are directories. Records, life cycle and crash safety are here; how a directory is laid out and
 * mounted is the layout's business (`overlayfs/`, `native/`).
 */
import type { Mount } from '../mounts/mount.ts';
import { failedPrecondition } from '@docker-ts/base/errors';
import { diskUsage } from './disk-usage.ts';
import type { RecordTable } from './record-table.ts';
import { SnapshotDirectories } from './snapshot-directories.ts';
import { type SnapshotChain, SnapshotRecords, type SnapshotRow } from './snapshot-records.ts';
import type { CommitOptions, SnapshotInfo, SnapshotLabels, Snapshotter, SnapshotUsage } from './snapshotter.ts';

/** What tells one kind of directory snapshotter from another. */
export interface SnapshotLayout {
  /** Fills the empty directory `path` of a new snapshot. Fails if a parent vanishes meanwhile. */
  fill(path: string, kind: 'active' | 'view', parentIds: readonly string[]): Promise<void> | void;
  mounts(snapshot: SnapshotChain): readonly Mount[];
  /** The tree that counts as the snapshot's own use of the disk. */
  ownTree(id: string): string;
}

export interface DirectorySnapshotterOptions {
  readonly root: string;
  readonly table: RecordTable<SnapshotRow>;
  /** Told about files that could not be removed in the background. */
  readonly onError?: (error: unknown) => void;
  readonly layout: (snapshotsPath: string) => SnapshotLayout;
}

export class DirectorySnapshotter implements Snapshotter {
  readonly #records: SnapshotRecords;
  readonly #directories: SnapshotDirectories;
  readonly #layout: SnapshotLayout;

  private constructor(records: SnapshotRecords, directories: SnapshotDirectories, layout: SnapshotLayout) {
    this.#records = records;
    this.#directories = directories;
    this.#layout = layout;
  }

  /** Opens the snapshotter under `root`; what a crash left behind is removed in the background. */
  static async open(options: DirectorySnapshotterOptions): Promise<DirectorySnapshotter> {
    const onError = options.onError ?? ((): void => {});
    const directories = new SnapshotDirectories(options.root, onError);
    const records = await SnapshotRecords.open(options.table);
    directories.sweepBegun();
    directories.sweep(records.ids()).catch(onError);
    return new DirectorySnapshotter(records, directories, options.layout(directories.path));
  }

  // eslint-disable-next-line require-await -- lookups throw as rejections, like those of a remote snapshotter
  async stat(key: string): Promise<SnapshotInfo> {
    return this.#records.stat(key);
  }

  update(name: string, labels: SnapshotLabels, fieldPaths: readonly string[]): Promise<SnapshotInfo> {
    return this.#records.update(name, labels, fieldPaths);
  }

  async usage(key: string): Promise<SnapshotUsage> {
    const committed = this.#records.committedUsage(key);
    if (committed) return committed;
    const { id, kind } = this.#records.chain(key);
    // a view has nothing of its own
    return kind === 'view' ? { sizeBytes: 0n, inodes: 0n } : diskUsage(this.#layout.ownTree(id));
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const snapshot = this.#records.chain(key);
    if (snapshot.kind === 'committed') {
      throw failedPrecondition(
        `failed to get active mount: requested snapshot ${key} not active or view: failed precondition`,
      );
    }
    return this.#layout.mounts(snapshot);
  }

  prepare(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    return this.#create(key, 'active', parent, labels);
  }

  view(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    return this.#create(key, 'view', parent, labels);
  }

  async commit(name: string, key: string, options: CommitOptions): Promise<void> {
    const { id } = this.#records.chain(key);
    const usage = await diskUsage(this.#layout.ownTree(id));
    await this.#records.commit(name, key, usage, options);
  }

  async remove(key: string): Promise<void> {
    this.#directories.retire(await this.#records.remove(key));
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    return this.#records.list();
  }

  async cleanup(): Promise<void> {
    await this.#directories.sweep(this.#records.ids());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directories.settle();
  }

  async #create(
    key: string,
    kind: 'active' | 'view',
    parent: string,
    labels: SnapshotLabels,
  ): Promise<readonly Mount[]> {
    const parentIds = this.#records.checkCreate(key, parent);
    const begun = this.#directories.begin();
    let published: string | undefined;
    try {
      await this.#layout.fill(begun, kind, parentIds);
      const id = this.#records.nextId();
      const snapshot = await this.#records.create({ key, id, kind, parent, labels }, () => {
        this.#directories.publish(begun, id);
        published = id;
      });
      return this.#layout.mounts(snapshot);
    } catch (error) {
      if (published === undefined) this.#directories.abandon(begun);
      else this.#directories.retire(published);
      throw error;
    }
  }
}
