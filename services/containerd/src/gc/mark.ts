/**
 * Marking: what the roots reach. Everything here is synchronous and in memory, so that the answer still holds when the caller acts on it
 * in the same turn of the event loop.
 *
 * Roots: leases that have not expired and what they hold; images that have not expired; containers; ingests without a lease until their time
 * is up; content and snapshots with `containerd.io/gc.root`, or `gc.expire` in the future. A node is `<namespace> <type> <id>`.
 */
import type { Labels } from '../metadata/labels.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { heldResources } from '../leases/lease-resources.ts';
import { expiryMs, flatLabel, labelBackReferences, labelReferences, rootLabel } from './gc-labels.ts';
import type { CollectableSnapshots, ResourceReference, SnapshotRecord } from './resource.ts';

type Node = string;

const node = (namespace: string, type: string, id: string): Node => `${namespace} ${type} ${id}`;

interface Step {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  /** Reached from a flat lease: labels do not lead on. */
  readonly flat: boolean;
}

export class Marking {
  readonly #metadata: Metadata;
  readonly #snapshots = new Map<Node, SnapshotRecord>();
  readonly #backReferences = new Map<Node, Step[]>();
  readonly #marked = new Set<Node>();
  /** Nodes reached in full, not by a flat lease only. */
  readonly #expanded = new Set<Node>();
  readonly #pending: Step[] = [];
  readonly #nowMs: number;

  private constructor(metadata: Metadata, nowMs: number) {
    this.#metadata = metadata;
    this.#nowMs = nowMs;
  }

  /** Marks everything that is in use at `nowMs`. */
  static run(metadata: Metadata, snapshotters: readonly CollectableSnapshots[], nowMs: number): Marking {
    const marking = new Marking(metadata, nowMs);
    marking.#scanContainers();
    marking.#scanImages();
    marking.#scanContent();
    marking.#scanSnapshots(snapshotters);
    marking.#scanLeases();
    marking.#spread();
    return marking;
  }

  has(namespace: string, type: string, id: string): boolean {
    return this.#marked.has(node(namespace, type, id));
  }

  /** True if a lease or an image is past the time in its label. */
  isExpired(labels: Labels): boolean {
    const expiry = expiryMs(labels);
    return expiry !== undefined && expiry < this.#nowMs;
  }

  #scanContainers(): void {
    for (const namespace of this.#metadata.containers.scopes()) {
      for (const [id, { labels }] of this.#metadata.containers.rows(namespace)) {
        this.#reach({ namespace, type: 'containers', id, flat: false });
        this.#noteBackReferences(namespace, 'containers', id, labels);
      }
    }
  }

  #scanImages(): void {
    for (const namespace of this.#metadata.images.scopes()) {
      for (const [id, { labels }] of this.#metadata.images.rows(namespace)) {
        if (this.isExpired(labels)) this.#noteBackReferences(namespace, 'images', id, labels);
        else this.#reach({ namespace, type: 'images', id, flat: false });
      }
    }
  }

  #scanContent(): void {
    for (const namespace of this.#metadata.content.scopes()) {
      for (const [id, { labels }] of this.#metadata.content.rows(namespace)) {
        if (this.#isLabelledRoot(labels)) this.#reach({ namespace, type: 'content', id, flat: false });
        this.#noteBackReferences(namespace, 'content', id, labels);
      }
    }
    for (const namespace of this.#metadata.ingests.scopes()) {
      for (const [id, { expiresMs }] of this.#metadata.ingests.rows(namespace)) {
        if (expiresMs !== undefined && expiresMs > this.#nowMs) {
          this.#reach({ namespace, type: 'ingests', id, flat: false });
        }
      }
    }
  }

  #scanSnapshots(snapshotters: readonly CollectableSnapshots[]): void {
    for (const snapshotter of snapshotters) {
      const type = `snapshots/${snapshotter.name}`;
      for (const record of snapshotter.records()) {
        const { namespace, key, labels } = record;
        this.#snapshots.set(node(namespace, type, key), record);
        if (this.#isLabelledRoot(labels)) this.#reach({ namespace, type, id: key, flat: false });
        this.#noteBackReferences(namespace, type, key, labels);
      }
    }
  }

  #scanLeases(): void {
    for (const namespace of this.#metadata.leases.scopes()) {
      for (const [id, { labels }] of this.#metadata.leases.rows(namespace)) {
        if (this.isExpired(labels)) continue;
        const flat = labels[flatLabel] !== undefined;
        this.#reach({ namespace, type: 'leases', id, flat });
        for (const resource of heldResources(this.#metadata, namespace, id)) {
          this.#reach({ namespace, type: resource.type, id: resource.id, flat });
        }
      }
    }
  }

  #isLabelledRoot(labels: Labels): boolean {
    const expiry = expiryMs(labels);
    if (expiry !== undefined) return expiry > this.#nowMs;
    return labels[rootLabel] !== undefined;
  }

  #noteBackReferences(namespace: string, type: string, id: string, labels: Labels): void {
    for (const parent of labelBackReferences(labels)) {
      const key = node(namespace, parent.type, parent.id);
      const steps = this.#backReferences.get(key) ?? [];
      steps.push({ namespace, type, id, flat: false });
      this.#backReferences.set(key, steps);
    }
  }

  #reach(step: Step): void {
    const key = node(step.namespace, step.type, step.id);
    if (step.flat ? this.#marked.has(key) : this.#expanded.has(key)) return;
    this.#marked.add(key);
    if (!step.flat) this.#expanded.add(key);
    this.#pending.push(step);
  }

  #spread(): void {
    for (let step = this.#pending.pop(); step; step = this.#pending.pop()) {
      const { namespace, flat } = step;
      for (const { type, id } of this.#references(step)) this.#reach({ namespace, type, id, flat });
      for (const child of this.#backReferences.get(node(namespace, step.type, step.id)) ?? []) this.#reach(child);
    }
  }

  *#references({ namespace, type, id, flat }: Step): Generator<ResourceReference> {
    const labels = (object: { readonly labels: Labels } | undefined): Iterable<ResourceReference> =>
      flat || !object ? [] : labelReferences(object.labels);
    if (type === 'content') {
      yield* labels(this.#metadata.content.get(namespace, id));
    } else if (type === 'images') {
      const image = this.#metadata.images.get(namespace, id);
      if (image) yield { type: 'content', id: image.target.digest };
      yield* labels(image);
    } else if (type === 'ingests') {
      const expected = this.#metadata.ingests.get(namespace, id)?.expected;
      if (expected !== undefined) yield { type: 'content', id: expected };
    } else if (type === 'containers') {
      const container = this.#metadata.containers.get(namespace, id);
      if (container && container.snapshotter !== '') {
        yield { type: `snapshots/${container.snapshotter}`, id: container.snapshotKey };
      }
      yield* labels(container);
    } else if (type.startsWith('snapshots/')) {
      const record = this.#snapshots.get(node(namespace, type, id));
      // a snapshot cannot be without its parents, lease or not
      if (record && record.parent !== '') yield { type: type as ResourceReference['type'], id: record.parent };
      yield* labels(record);
    }
  }
}
