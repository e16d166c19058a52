/**
 * Blobs in containerd's content store (Content service): written as ingests that become visible by their commit, read by digest.
 * An ingest that is not committed is aborted, so that nothing of a failed load stays.
 */
import { dataLoss, internal, invalidArgument, isCode } from '@docker-ts/base/errors';
import { WriteAction } from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import { createHash, randomUUID } from 'node:crypto';
import type { ContainerdClient } from '../client/containerd.ts';
import { documentMaxBytes } from './image-config.ts';

/** Small enough for one gRPC message, large enough that the round trips do not show. */
const writeBytes = 1024 * 1024;

export interface BlobOptions {
  /** Lease that holds the blob until something refers to it. */
  readonly lease: string;
  /** The digest that the bytes must have. */
  readonly expected?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface WrittenBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** The first bytes, enough to recognize a compression. */
  readonly head: Uint8Array;
}

/** Gathers chunks into messages of up to `writeBytes`; chunks that are large already are not copied. */
async function* messages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length;) {
      const part = chunk.subarray(start, start + writeBytes - length);
      parts.push(part);
      length += part.length;
      start += part.length;
      if (length < writeBytes) continue;
      yield parts.length === 1 ? part : Buffer.concat(parts);
      parts = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(parts);
}

export class ContentBlobs {
  readonly #client: ContainerdClient;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  /** Writes a blob; a blob that is there already is left alone. A wrong digest is invalid_argument. */
  async write(chunks: AsyncIterable<Uint8Array>, options: BlobOptions): Promise<WrittenBlob> {
    const ref = `docker-ts-${randomUUID()}`;
    const hash = createHash('sha256');
    const call = this.#client.content.write({
      metadata: { 'containerd-lease': options.lease },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const answers = call[Symbol.asyncIterator]();
    let offset = 0;
    let head: Uint8Array = new Uint8Array(0);
    let digest = '';
    let committed = false;
    try {
      for await (const data of messages(chunks)) {
        if (offset === 0) head = Uint8Array.from(data.subarray(0, 16));
        hash.update(data);
        await call.send({ action: WriteAction.WRITE, ref, offset: BigInt(offset), data });
        if ((await answers.next()).done === true) throw internal('cannot write blob: containerd ended the stream');
        offset += data.length;
      }
      digest = `sha256:${hash.digest('hex')}`;
      if (options.expected !== undefined && options.expected !== digest)
        throw invalidArgument(`cannot write blob "${options.expected}": the content has digest ${digest}`);
      await call.send({
        action: WriteAction.COMMIT,
        ref,
        offset: BigInt(offset),
        total: BigInt(offset),
        expected: digest,
        labels: { ...options.labels },
      });
      await answers.next();
      committed = true;
      call.end();
      return { digest, sizeBytes: offset, head };
    } catch (error) {
      // The same bytes were written before, perhaps at this very moment by another load.
      if (!isCode(error, 'already_exists') || digest === '') throw error;
      await this.hold(digest, options);
      return { digest, sizeBytes: offset, head };
    } finally {
      if (!committed) {
        call.cancel();
        await this.#client.content.abort({ ref }, { timeoutMs: 10_000 }).catch(() => {});
      }
    }
  }

  /** Puts a blob that exists under a lease and adds labels to it. */
  async hold(digest: string, { lease, labels }: BlobOptions): Promise<void> {
    await this.#client.leases.addResource({ id: lease, resource: { id: digest, type: 'content' } });
    if (labels !== undefined && Object.keys(labels).length > 0)
      await this.#client.content.update({
        info: { digest, labels: { ...labels } },
        updateMask: Object.keys(labels).map((key) => `labels.${key}`),
      });
  }

  /** Writes a document from memory. */
  async writeDocument(bytes: Uint8Array, options: BlobOptions): Promise<WrittenBlob> {
    return this.write(
      (async function* () {
        await Promise.resolve();
        yield bytes;
      })(),
      options,
    );
  }

  /** Size of a blob; `undefined` if there is none. */
  async sizeOf(digest: string): Promise<number | undefined> {
    try {
      const { info } = await this.#client.content.info({ digest });
      return info === undefined ? undefined : Number(info.size);
    } catch (error) {
      if (isCode(error, 'not_found')) return undefined;
      throw error;
    }
  }

  /** A small blob whole; not_found if it is missing. */
  async readDocument(digest: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const { data } of this.#client.content.read({ digest })) {
      parts.push(data);
      length += data.length;
      if (length > documentMaxBytes)
        throw dataLoss(`cannot read blob "${digest}": larger than ${documentMaxBytes} bytes`);
    }
    return Buffer.concat(parts);
  }
}
