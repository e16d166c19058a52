/** A writer over a Write stream: each action is sent and its answer waited for. */
import { failedPrecondition, unavailable } from '@docker-ts/base/errors';
import {
  WriteAction,
  type WriteContentRequest,
  type WriteContentResponse,
} from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import type { DuplexCall } from '@docker-ts/rpc/service';
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import { byteCount } from '../api/byte-count.ts';
import type { CommitOptions, ContentWriter, IngestStatus, WriterOptions } from './content.ts';

type WriteCall = DuplexCall<Partial<WriteContentRequest>, WriteContentResponse>;

/** Bytes in one message. */
const frameBytes = 1 << 20;

export class ProxyWriter implements ContentWriter {
  readonly #call: WriteCall;
  readonly #answers: AsyncIterator<WriteContentResponse>;
  readonly #options: WriterOptions;
  #offset = 0;
  #digest = '';
  #closed = false;

  private constructor(call: WriteCall, options: WriterOptions) {
    this.#call = call;
    this.#answers = call[Symbol.asyncIterator]();
    this.#options = options;
  }

  static async open(call: WriteCall, options: WriterOptions): Promise<ProxyWriter> {
    const writer = new ProxyWriter(call, options);
    await writer.status();
    return writer;
  }

  async status(): Promise<IngestStatus> {
    const { ref, totalBytes, expected } = this.#options;
    const answer = await this.#exchange({ action: WriteAction.STAT, ref, total: BigInt(totalBytes), expected });
    return {
      ref,
      offsetBytes: this.#offset,
      totalBytes: byteCount(answer.total),
      expected,
      startedNs: answer.startedAt ? nsFromTimestamp(answer.startedAt) : 0n,
      updatedNs: answer.updatedAt ? nsFromTimestamp(answer.updatedAt) : 0n,
    };
  }

  digest(): string {
    return this.#digest;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let start = 0; start < data.length; start += frameBytes) {
      const piece = data.subarray(start, start + frameBytes);
      await this.#exchange({ action: WriteAction.WRITE, offset: BigInt(this.#offset), data: piece });
    }
  }

  async truncate(): Promise<void> {
    // writing nothing at offset 0 starts over
    await this.#exchange({ action: WriteAction.WRITE, offset: 0n });
  }

  async commit({ sizeBytes, expected, labels }: CommitOptions): Promise<void> {
    const request = { total: BigInt(sizeBytes), expected, offset: BigInt(this.#offset), labels: { ...labels } };
    try {
      await this.#exchange({ action: WriteAction.COMMIT, ...request });
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** The ingest can be opened again once this settles. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#call.end();
    // the server's end of the stream says that it has closed the ingest
    await this.#answers.next().catch(() => {});
  }

  async #exchange(request: Partial<WriteContentRequest>): Promise<WriteContentResponse> {
    if (this.#closed) throw failedPrecondition('cannot commit on closed writer: failed precondition');
    // a failed call tells its reason by the answer
    this.#call.send(request).catch(() => {});
    const answer = await this.#answers.next();
    if (answer.done) throw unavailable('cannot write content: the daemon ended the stream');
    this.#offset = byteCount(answer.value.offset);
    this.#digest = answer.value.digest;
    return answer.value;
  }
}
