/**
 * An ingest on disk, as containerd lays it out, so that it goes on where it stood after a restart:
 *
 *     ingest/<sha256 of the ref>/
 *       ref           the ref itself
 *       startedat     RFC 3339 time
 *       updatedat     RFC 3339 time of the last close
 *       total         announced size in decimal; absent if not known
 *       data          the bytes so far
 */
import { notFound } from '@docker-ts/base/errors';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTimeNs, parseTimeNs } from '../metadata/time-text.ts';
import type { IngestStatus } from './content.ts';

export class IngestDirectory {
  readonly path: string;
  readonly ref: string;

  constructor(ingestRoot: string, ref: string) {
    this.path = join(ingestRoot, createHash('sha256').update(ref).digest('hex'));
    this.ref = ref;
  }

  get dataPath(): string {
    return join(this.path, 'data');
  }

  /** Makes the directory with what is known before the first byte. */
  create(startedNs: bigint, totalBytes: number): void {
    mkdirSync(this.path, { recursive: true, mode: 0o755 });
    writeFileSync(join(this.path, 'startedat'), formatTimeNs(startedNs));
    writeFileSync(join(this.path, 'updatedat'), formatTimeNs(startedNs));
    if (totalBytes > 0) writeFileSync(join(this.path, 'total'), String(totalBytes));
    writeFileSync(this.dataPath, '');
    // last: an ingest without its ref is one that was never begun
    writeFileSync(join(this.path, 'ref'), this.ref);
  }

  touch(updatedNs: bigint): void {
    const path = join(this.path, 'updatedat');
    writeFileSync(`${path}.tmp`, formatTimeNs(updatedNs));
    renameSync(`${path}.tmp`, path);
  }

  /** @throws not_found if there is no such ingest, or one that was never begun. */
  status(): IngestStatus {
    try {
      const data = statSync(this.dataPath, { bigint: true });
      if (this.#text('ref') !== this.ref) throw new Error('the directory belongs to another ref');
      const updatedNs = parseTimeNs(this.#text('updatedat'));
      return {
        ref: this.ref,
        offsetBytes: Number(data.size),
        totalBytes: this.#totalBytes(),
        expected: '',
        startedNs: parseTimeNs(this.#text('startedat')),
        // not every write notes its time
        updatedNs: data.mtimeNs > updatedNs ? data.mtimeNs : updatedNs,
      };
    } catch (error) {
      throw notFound(`ingest ref ${JSON.stringify(this.ref)}: not found`, error);
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  #text(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  #totalBytes(): number {
    try {
      return Number.parseInt(this.#text('total'), 10) || 0;
    } catch {
      return 0;
    }
  }
}
