/**
 * Snapshots as full copies (containerd plugins/snapshots/native): for file systems that overlayfs cannot lie on.
 *
 *     <root>/snapshots/<number>/   the whole tree
 *
 * A view shows its parent's directory, read-only; only a view of nothing has a directory of its own.
 */
import { lchownSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { chmodSync } from 'node:fs';
import type { Mount } from '../../mounts/mount.ts';
import {
  DirectorySnapshotter,
  type DirectorySnapshotterOptions,
  type SnapshotLayout,
} from '../directory-snapshotter.ts';
import type { SnapshotChain } from '../snapshot-records.ts';
import { copyTree } from './copy-tree.ts';

export class NativeLayout implements SnapshotLayout {
  readonly #snapshotsPath: string;

  constructor(snapshotsPath: string) {
    this.#snapshotsPath = snapshotsPath;
  }

  async fill(path: string, kind: 'active' | 'view', parentIds: readonly string[]): Promise<void> {
    const [nearest] = parentIds;
    chmodSync(path, 0o755);
    if (nearest === undefined || kind === 'view') return;
    const parent = this.ownTree(nearest);
    const { uid, gid } = lstatSync(parent);
    lchownSync(path, uid, gid);
    await copyTree(parent, path);
  }

  mounts({ id, kind, parentIds }: SnapshotChain): readonly Mount[] {
    const [nearest] = parentIds;
    const source = kind === 'view' && nearest !== undefined ? this.ownTree(nearest) : this.ownTree(id);
    return [{ type: 'bind', source, target: '', options: [kind === 'view' ? 'ro' : 'rw', 'rbind'] }];
  }

  ownTree(id: string): string {
    return join(this.#snapshotsPath, id);
  }
}

/** Opens the native snapshotter under `root`. */
export function openNativeSnapshotter(
  options: Omit<DirectorySnapshotterOptions, 'layout'>,
): Promise<DirectorySnapshotter> {
  return DirectorySnapshotter.open({ ...options, layout: (path) => new NativeLayout(path) });
}
