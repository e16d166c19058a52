/**
 * What the garbage collector knows about the things it may collect, and the door through which it reaches snapshots.
 *
 * Words: a *resource* is an object of a namespace with a type; a *root* is a resource that is used for its own sake (an image, a
 * container, a live lease, whatever carries `containerd.io/gc.root`); a resource *refers* to another by its nature (image → target,
 * snapshot → parent, container → snapshot) or by a `containerd.io/gc.ref.…` label. What no root reaches is *garbage*.
 */

export interface SnapshotRecord {
  readonly namespace: string;
  readonly key: string;
  /** The parent's key in the same namespace, '' for none. */
  readonly parent: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One snapshotter's namespaced snapshots, as the collector sees them. */
export interface CollectableSnapshots {
  /** The snapshotter's name, `overlayfs`. */
  readonly name: string;

  /** Every snapshot of every namespace, answered from memory: marking must not wait for anything. */
  records(): Iterable<SnapshotRecord>;

  /**
   * Removes garbage. The snapshots are out of everybody's sight before this function first yields to the event loop: the collector
   * has just found that nobody uses them, and that stays true only as long as nobody else gets a turn. What has to wait (the disk,
   * the snapshotter below, children before parents, the `/snapshot/remove` events) comes after; the promise settles when it is done.
   * A snapshot that cannot be removed shows again and does not keep the others from going; the first such failure is thrown at the end.
   */
  discard(garbage: readonly { readonly namespace: string; readonly key: string }[]): Promise<void>;
}

/** Types as lease resources name them on the wire; a snapshot's is `snapshots/<snapshotter>`. */
export type ResourceType = 'content' | 'ingests' | 'images' | `snapshots/${string}`;

/** A reference to a resource, wherever it comes from. */
export interface ResourceReference {
  readonly type: ResourceType;
  readonly id: string;
}
