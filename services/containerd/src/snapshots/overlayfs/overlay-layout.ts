/**
 * Snapshots as layers of overlayfs (containerd plugins/snapshots/overlay).
 *
 *     <root>/snapshots/<number>/fs/     the layer: upperdir while active, one of the lowerdirs of its children
 *     <root>/snapshots/<number>/work/   overlayfs' own scratch, active snapshots only
 *
 * Nothing is copied: a snapshot on top of N parents is one overlay mount with N lower directories, the nearest first. Without parents, or
 * as a view of a single one, it is a bind mount.
 */
import { existsSync, lchownSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from '../../mounts/mount.ts';
import {
  DirectorySnapshotter,
  type DirectorySnapshotterOptions,
  type SnapshotLayout,
} from '../directory-snapshotter.ts';
import type { SnapshotChain } from '../snapshot-records.ts';

const bind = (source: string, mode: 'ro' | 'rw'): readonly Mount[] => [
  { type: 'bind', source, target: '', options: [mode, 'rbind'] },
];

/**
 * The inode index gives hard links of lower files one identity, but ties an upper directory to its lower ones for good: a layer
 * could then not be mounted over other parents, nor by two mounts at once. containerd switches it off for the same reason.
 */
const defaultOverlayOptions = (): string[] => (existsSync('/sys/module/overlay/parameters/index') ? ['index=off'] : []);

export class OverlayLayout implements SnapshotLayout {
  readonly #snapshotsPath: string;
  readonly #options: readonly string[];

  constructor(snapshotsPath: string, options: readonly string[] = defaultOverlayOptions()) {
    this.#snapshotsPath = snapshotsPath;
    this.#options = options;
  }

  fill(path: string, kind: 'active' | 'view', parentIds: readonly string[]): void {
    const layer = join(path, 'fs');
    mkdirSync(layer, { mode: 0o755 });
    if (kind === 'active') mkdirSync(join(path, 'work'), { mode: 0o711 });
    const [nearest] = parentIds;
    if (nearest === undefined) return;
    // the root directory of an overlay is the upper one: it has to look like the parent's
    const { uid, gid } = lstatSync(this.ownTree(nearest));
    lchownSync(layer, uid, gid);
  }

  mounts({ id, kind, parentIds }: SnapshotChain): readonly Mount[] {
    const [nearest] = parentIds;
    if (nearest === undefined) return bind(this.ownTree(id), kind === 'view' ? 'ro' : 'rw');
    if (kind === 'view' && parentIds.length === 1) return bind(this.ownTree(nearest), 'ro');
    const options: string[] = [];
    if (kind === 'active') {
      options.push(`workdir=${join(this.#snapshotsPath, id, 'work')}`, `upperdir=${this.ownTree(id)}`);
    }
    options.push(`lowerdir=${parentIds.map((parentId) => this.ownTree(parentId)).join(':')}`, ...this.#options);
    return [{ type: 'overlay', source: 'overlay', target: '', options }];
  }

  ownTree(id: string): string {
    return join(this.#snapshotsPath, id, 'fs');
  }
}

/** Opens the overlayfs snapshotter under `root`. */
export function openOverlaySnapshotter(
  options: Omit<DirectorySnapshotterOptions, 'layout'>,
): Promise<DirectorySnapshotter> {
  return DirectorySnapshotter.open({ ...options, layout: (path) => new OverlayLayout(path) });
}
