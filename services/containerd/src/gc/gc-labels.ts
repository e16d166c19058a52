/** The labels by which clients steer the garbage collector (containerd docs/garbage-collection.md). */
import type { Labels } from '../metadata/labels.ts';
import type { ResourceReference } from './resource.ts';

/** On content and snapshots: keep, whatever refers to it. The value does not matter. */
export const rootLabel = 'containerd.io/gc.root';
/** On leases and images: may go after this time (RFC 3339). On content and snapshots: a root until then. */
export const expireLabel = 'containerd.io/gc.expire';
/** On leases: hold the named resources only, not what they refer to. */
export const flatLabel = 'containerd.io/gc.flat';

const contentRefLabel = 'containerd.io/gc.ref.content';
const snapshotRefPrefix = 'containerd.io/gc.ref.snapshot.';
const imageRefLabel = 'containerd.io/gc.ref.image';

/** `label`, `label.<anything>` and `label/<anything>`: an object may have several references of a kind. */
const isLabel = (key: string, label: string): boolean =>
  key.startsWith(label) && (key.length === label.length || key[label.length] === '.' || key[label.length] === '/');

/** What the labels of an object refer to. */
export function* labelReferences(labels: Labels): Generator<ResourceReference> {
  for (const [key, value] of Object.entries(labels)) {
    if (!key.startsWith('containerd.io/gc.ref.')) continue;
    if (isLabel(key, contentRefLabel)) yield { type: 'content', id: value };
    else if (isLabel(key, imageRefLabel)) yield { type: 'images', id: value };
    else if (key.startsWith(snapshotRefPrefix)) {
      const [snapshotter = ''] = key.slice(snapshotRefPrefix.length).split('/');
      if (snapshotter !== '') yield { type: `snapshots/${snapshotter}`, id: value };
    }
  }
}

const contentBackRefLabel = 'containerd.io/gc.bref.content';
const imageBackRefLabel = 'containerd.io/gc.bref.image';
const containerBackRefLabel = 'containerd.io/gc.bref.container';
const snapshotBackRefPrefix = 'containerd.io/gc.bref.snapshot.';

/** Objects that the labelled one wants to live as long as: each of them counts as referring to it. */
export function* labelBackReferences(
  labels: Labels,
): Generator<ResourceReference | { readonly type: 'containers'; readonly id: string }> {
  for (const [key, value] of Object.entries(labels)) {
    if (!key.startsWith('containerd.io/gc.bref.')) continue;
    if (isLabel(key, contentBackRefLabel)) yield { type: 'content', id: value };
    else if (isLabel(key, imageBackRefLabel)) yield { type: 'images', id: value };
    else if (isLabel(key, containerBackRefLabel)) yield { type: 'containers', id: value };
    else if (key.startsWith(snapshotBackRefPrefix)) {
      const [snapshotter = ''] = key.slice(snapshotBackRefPrefix.length).split('/');
      if (snapshotter !== '') yield { type: `snapshots/${snapshotter}`, id: value };
    }
  }
}

/** The time in an expire label in milliseconds; undefined without one, or if it cannot be read. */
export function expiryMs(labels: Labels): number | undefined {
  const text = labels[expireLabel];
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
