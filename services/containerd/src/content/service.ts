/** containerd.services.content.v1.Content: the gRPC edge of the content store. */
import { invalidArgument, outOfRange, wrap } from '@docker-ts/base/errors';
import { digestFault } from '@docker-ts/oci/digest';
import {
  type ContentDefinition,
  type Info,
  type ReadContentResponse,
  type Status,
} from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { requestScope } from '../api/request-scope.ts';
import { byteCount } from '../api/byte-count.ts';
import type { BlobInfo, ContentStore, IngestStatus } from './content.ts';
import { writeSession } from './write-session.ts';

/** Blobs in one message of a List stream, as containerd sends them. */
const listBlock = 100;

/** Bytes in one message of a Read stream. */
const readFrameBytes = 1 << 20;

export function createContentService(store: ContentStore): ServiceImplementation<typeof ContentDefinition> {
  return {
    async info({ digest }, context) {
      checkDigest(digest);
      return { info: toWireInfo(await store.info(requestScope(context), digest)) };
    },
    async update({ info, updateMask }, context) {
      if (!info) throw invalidArgument('info is required: invalid argument');
      checkDigest(info.digest);
      const updated = await store.update(requestScope(context), info.digest, info.labels, updateMask ?? []);
      return { info: toWireInfo(updated) };
    },
    async *list({ filters }, context) {
      const infos = await store.list(requestScope(context), filters);
      for (let start = 0; start < infos.length; start += listBlock) {
        yield { info: infos.slice(start, start + listBlock).map((info) => toWireInfo(info)) };
      }
    },
    async delete({ digest }, context) {
      const fault = digestFault(digest);
      if (fault !== undefined) throw invalidArgument(fault);
      await store.delete(requestScope(context), digest);
      return {};
    },
    read: ({ digest, offset, size }, context) => read(store, context, digest, byteCount(offset), byteCount(size)),
    async status({ ref }, context) {
      const scope = requestScope(context);
      try {
        return { status: toWireStatus(await store.status(scope, ref)) };
      } catch (error) {
        throw wrap(error, `could not get status for ref ${JSON.stringify(ref)}`);
      }
    },
    async listStatuses({ filters }, context) {
      const statuses = await store.listStatuses(requestScope(context), filters);
      return { statuses: statuses.map((status) => toWireStatus(status)) };
    },
    write: (requests, context) => writeSession(store, requestScope(context), requests),
    async abort({ ref }, context) {
      await store.abort(requestScope(context), ref);
      return {};
    },
  };
}

/** A blob or a part of it, in frames; `size` 0 or past the end means to the end. */
async function* read(
  store: ContentStore,
  context: CallContext,
  digest: string,
  offset: number,
  size: number,
): AsyncGenerator<ReadContentResponse> {
  const fault = digestFault(digest);
  if (fault !== undefined) throw invalidArgument(`${digest}: ${fault}`);
  await using reader = await store.reader(requestScope(context), digest);
  const start = Math.max(offset, 0);
  if (start > reader.sizeBytes) throw outOfRange(`read past object length ${reader.sizeBytes} bytes`);
  const end = size <= 0 ? reader.sizeBytes : Math.min(start + size, reader.sizeBytes);
  for (let position = start; position < end; position += readFrameBytes) {
    const data = await reader.read(position, Math.min(readFrameBytes, end - position));
    // upstream counts from the start of what was asked for
    yield { offset: BigInt(position - start), data };
  }
}

function checkDigest(digest: string): void {
  if (digestFault(digest) !== undefined) throw invalidArgument(`${JSON.stringify(digest)} failed validation`);
}

const toWireInfo = ({ digest, sizeBytes, createdNs, updatedNs, labels }: BlobInfo): Info => ({
  digest,
  size: BigInt(sizeBytes),
  createdAt: timestampFromNs(createdNs),
  updatedAt: timestampFromNs(updatedNs),
  labels: { ...labels },
});

const toWireStatus = (status: IngestStatus): Status => ({
  ref: status.ref,
  offset: BigInt(status.offsetBytes),
  total: BigInt(status.totalBytes),
  expected: status.expected,
  startedAt: timestampFromNs(status.startedNs),
  updatedAt: timestampFromNs(status.updatedNs),
});
