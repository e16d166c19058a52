/**
 * The directories of a snapshotter. A directory is made under a name that starts with `new-`, becomes a snapshot's by a rename to the
 * snapshot's number, and vanishes by a rename to a name that starts with `.gone-`; its files are removed afterwards, in the background.
 *
 *     <root>/snapshots/new-XXXXXX/     being made
 *     <root>/snapshots/<number>/       a snapshot's
 *     <root>/snapshots/.gone-<number>/ being removed
 *
 * Whatever is there at start and is not a known snapshot's is what a crash left: it goes.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

export class SnapshotDirectories {
  readonly path: string;
  readonly #onError: (error: unknown) => void;
  readonly #removals = new Set<Promise<void>>();

  constructor(root: string, onError: (error: unknown) => void) {
    this.path = join(root, 'snapshots');
    this.#onError = onError;
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** An empty directory for a snapshot to be. */
  begin(): string {
    return mkdtempSync(join(this.path, 'new-'));
  }

  /** Makes a directory begun here the snapshot's. */
  publish(begun: string, id: string): void {
    renameSync(begun, join(this.path, id));
  }

  /** Gives up a directory begun here. */
  abandon(begun: string): void {
    rmSync(begun, { recursive: true, force: true });
  }

  /** Takes a snapshot's directory out of sight and removes its files in the background. */
  retire(id: string): void {
    this.#retire(id, `.gone-${id}`);
  }

  /** Removes everything that belongs to none of the snapshots `known`, and waits for removals under way. */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    await Promise.all(this.#removals);
    for (const name of readdirSync(this.path)) {
      if (name.startsWith('.gone-')) this.#removeLater(name);
      // a directory being made belongs to a call under way, unless the daemon has just started: see `sweepBegun`
      else if (!name.startsWith('new-') && !known.has(name)) this.retire(name);
    }
    await Promise.all(this.#removals);
  }

  /** Retires what a former process began; only before anything is begun here. */
  sweepBegun(): void {
    for (const name of readdirSync(this.path)) if (name.startsWith('new-')) this.#retire(name, `.gone-${name}`);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #retire(name: string, goneName: string): void {
    try {
      renameSync(join(this.path, name), join(this.path, goneName));
    } catch (error) {
      this.#onError(error);
      return;
    }
    this.#removeLater(goneName);
  }

  #removeLater(name: string): void {
    const removal = rm(join(this.path, name), { recursive: true, force: true })
      .catch(this.#onError)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }
}
