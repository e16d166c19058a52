/** The content store of a daemon behind a connection. */
import { internal } from '@docker-ts/base/errors';
import type { ContentDefinition, Info, Status } from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import type { Timestamp } from '@docker-ts/rpc/gen/google/protobuf/timestamp';
import type { ClientOf } from '@docker-ts/rpc/service';
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import { byteCount } from '../api/byte-count.ts';
import { scopedCall } from '../api/scoped-call.ts';
import type { Labels } from '../metadata/labels.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { BlobInfo, ContentReader, ContentStore, ContentWriter, IngestStatus, WriterOptions } from './content.ts';
import { ProxyWriter } from './proxy-writer.ts';

export class ProxyContent implements ContentStore {
  readonly #client: ClientOf<ContentDefinition>;

  constructor(client: ClientOf<ContentDefinition>) {
    this.#client = client;
  }

  async info(scope: RequestScope, digest: string): Promise<BlobInfo> {
    return fromWireInfo((await this.#client.info({ digest }, scopedCall(scope))).info);
  }

  async update(scope: RequestScope, digest: string, labels: Labels, fieldPaths: readonly string[]): Promise<BlobInfo> {
    const request = { info: { digest, labels: { ...labels } }, updateMask: [...fieldPaths] };
    return fromWireInfo((await this.#client.update(request, scopedCall(scope))).info);
  }

  async list(scope: RequestScope, filters: readonly string[]): Promise<BlobInfo[]> {
    const infos: BlobInfo[] = [];
    for await (const { info } of this.#client.list({ filters: [...filters] }, scopedCall(scope))) {
      infos.push(...info.map((each) => fromWireInfo(each)));
    }
    return infos;
  }

  async delete(scope: RequestScope, digest: string): Promise<void> {
    await this.#client.delete({ digest }, scopedCall(scope));
  }

  async reader(scope: RequestScope, digest: string): Promise<ContentReader> {
    const { sizeBytes } = await this.info(scope, digest);
    const client = this.#client;
    return {
      sizeBytes,
      async read(offset, length) {
        const frames: Uint8Array[] = [];
        // on the wire a size of 0 means everything
        if (length > 0 && offset < sizeBytes) {
          const request = { digest, offset: BigInt(offset), size: BigInt(length) };
          for await (const { data } of client.read(request, scopedCall(scope))) frames.push(data);
        }
        return Buffer.concat(frames);
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  writer(scope: RequestScope, options: WriterOptions): Promise<ContentWriter> {
    return ProxyWriter.open(this.#client.write(scopedCall(scope)), options);
  }

  async status(scope: RequestScope, ref: string): Promise<IngestStatus> {
    return fromWireStatus((await this.#client.status({ ref }, scopedCall(scope))).status);
  }

  async listStatuses(scope: RequestScope, filters: readonly string[]): Promise<IngestStatus[]> {
    const { statuses } = await this.#client.listStatuses({ filters: [...filters] }, scopedCall(scope));
    return statuses.map((status) => fromWireStatus(status));
  }

  async abort(scope: RequestScope, ref: string): Promise<void> {
    await this.#client.abort({ ref }, scopedCall(scope));
  }
}

const nsOf = (time: Timestamp | undefined): bigint => (time ? nsFromTimestamp(time) : 0n);

function fromWireInfo(info: Info | undefined): BlobInfo {
  if (!info) throw internal('cannot read the answer: it holds no content info');
  const { digest, size, labels, createdAt, updatedAt } = info;
  return { digest, sizeBytes: byteCount(size), labels, createdNs: nsOf(createdAt), updatedNs: nsOf(updatedAt) };
}

function fromWireStatus(status: Status | undefined): IngestStatus {
  if (!status) throw internal('cannot read the answer: it holds no status');
  const { ref, offset, total, expected, startedAt, updatedAt } = status;
  return {
    ref,
    offsetBytes: byteCount(offset),
    totalBytes: byteCount(total),
    expected,
    startedNs: nsOf(startedAt),
    updatedNs: nsOf(updatedAt),
  };
}
