/**
 * A containerd lease: whatever is written under it is safe from the garbage collector until the lease goes. Work that makes an
 * image holds one; when the image's name exists, its labels hold the parts, and when the work failed, they are collected.
 */
import type { ContainerdClient } from '../client/containerd.ts';
import { randomUUID } from 'node:crypto';

/** A lease that a killed daemon left behind ends by itself after this time (containerd's `containerd.io/gc.expire` label). */
const expiryMs = 24 * 60 * 60 * 1000;

export class Lease implements AsyncDisposable {
  readonly id: string;
  readonly #client: ContainerdClient;

  private constructor(client: ContainerdClient, id: string) {
    this.#client = client;
    this.id = id;
  }

  static async open(client: ContainerdClient, purpose: string): Promise<Lease> {
    const id = `docker-ts-${purpose}-${randomUUID()}`;
    const expires = new Date(Date.now() + expiryMs).toISOString().replace(/\.\d+/, '');
    await client.leases.create({ id, labels: { 'containerd.io/gc.expire': expires } });
    return new Lease(client, id);
  }

  /** Metadata of calls that make something under the lease. */
  get metadata(): Record<string, string> {
    return { 'containerd-lease': this.id };
  }

  /** Waits for the collection, so that a failed load has left nothing when its error is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.leases.delete({ id: this.id, sync: true }, { timeoutMs: 60_000 }).catch(() => {});
  }
}
