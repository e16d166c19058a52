/** Labels of snapshots: which ones a snapshotter sees, how an update changes them, what they may look like. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { SnapshotLabels } from './snapshotter.ts';

/** Names the committed snapshot that a `prepare` is the extraction for: if it is there already, the layer need not be fetched. */
export const snapshotRefLabel = 'containerd.io/snapshot.ref';

const inheritedPrefix = 'containerd.io/snapshot/';

/** Bytes of key and value together, as containerd's pkg/labels has it. */
const maxLabelBytes = 4096;

/** Labels that go down to the snapshotter; all others stay in the daemon's metadata. */
export function inheritedLabels(labels: SnapshotLabels): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => key === snapshotRefLabel || key.startsWith(inheritedPrefix)),
  );
}

/** @throws invalid_argument for a label that is too long. */
export function checkLabels(labels: SnapshotLabels): void {
  for (const [key, value] of Object.entries(labels)) {
    const size = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (size <= maxLabelBytes) continue;
    throw invalidArgument(
      `info.Labels: label key and value length (${size} bytes) greater than maximum size (${maxLabelBytes} bytes), key: ${key.slice(0, 10)}: invalid argument`,
    );
  }
}

/**
 * The labels after an update with field paths (`labels`, `labels.<key>`); no path means that all labels are replaced.
 * @throws invalid_argument for any other path.
 */
export function updateLabels(
  name: string,
  current: SnapshotLabels,
  wanted: SnapshotLabels,
  fieldPaths: readonly string[],
): Record<string, string> {
  if (fieldPaths.length === 0) return { ...wanted };
  let labels: Record<string, string> = { ...current };
  for (const path of fieldPaths) {
    if (path === 'labels') {
      labels = { ...wanted };
    } else if (path.startsWith('labels.')) {
      const key = path.slice('labels.'.length);
      labels[key] = wanted[key] ?? '';
    } else {
      throw invalidArgument(`cannot update "${path}" field on snapshot "${name}": invalid argument`);
    }
  }
  return labels;
}
