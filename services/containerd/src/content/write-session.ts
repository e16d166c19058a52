/**
 * One Write stream: the client sends actions, each is answered with where the ingest stands.
 *
 *     STAT     answers times, offset and digest
 *     WRITE    appends the data; offset 0 on an ingest that has bytes starts it over, any other offset must be the present one
 *     COMMIT   as WRITE, then makes it a blob and ends the stream
 *
 * The first message names the ref, which is locked until the stream ends; total and expected may come with any message.
 */
import { alreadyExists, invalidArgument, isCode, outOfRange } from '@docker-ts/base/errors';
import {
  WriteAction,
  type WriteContentRequest,
  type WriteContentResponse,
} from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { byteCount } from '../api/byte-count.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { ContentStore, ContentWriter } from './content.ts';

type Answer = Partial<WriteContentResponse>;

export async function* writeSession(
  store: ContentStore,
  scope: RequestScope,
  requests: AsyncIterable<WriteContentRequest>,
): AsyncGenerator<Answer> {
  let session: WriteSession | undefined;
  try {
    for await (const request of requests) {
      session ??= await WriteSession.open(store, scope, request);
      yield await session.handle(request);
      if (request.action === WriteAction.COMMIT) return;
    }
  } finally {
    await session?.[Symbol.asyncDispose]();
  }
}

class WriteSession implements AsyncDisposable {
  readonly #store: ContentStore;
  readonly #scope: RequestScope;
  readonly #ref: string;
  readonly #writer: ContentWriter;
  #totalBytes = 0;
  #expected = '';

  private constructor(store: ContentStore, scope: RequestScope, ref: string, writer: ContentWriter) {
    this.#store = store;
    this.#scope = scope;
    this.#ref = ref;
    this.#writer = writer;
  }

  static async open(store: ContentStore, scope: RequestScope, first: WriteContentRequest): Promise<WriteSession> {
    const { ref, total, expected } = first;
    if (ref === '') throw invalidArgument('first message must have a reference');
    const writer = await store.writer(scope, { ref, totalBytes: byteCount(total), expected });
    return new WriteSession(store, scope, ref, writer);
  }

  async handle(request: WriteContentRequest): Promise<Answer> {
    if (request.expected !== '') await this.#expect(request.expected);
    if (request.total > 0n) this.#totalBytes = byteCount(request.total);
    const { action } = request;
    if (action === WriteAction.STAT) return this.#stat();
    await this.#append(byteCount(request.offset), request.data);
    const { offsetBytes } = await this.#writer.status();
    const answer = { action, offset: BigInt(offsetBytes), digest: await this.#writer.digest() };
    if (action !== WriteAction.COMMIT) return answer;
    const { labels } = request;
    await this.#writer.commit({ sizeBytes: this.#totalBytes, expected: this.#expected, labels });
    return { ...answer, ...(this.#expected !== '' && { digest: this.#expected }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  async #stat(): Promise<Answer> {
    const status = await this.#writer.status();
    return {
      action: WriteAction.STAT,
      offset: BigInt(status.offsetBytes),
      total: BigInt(this.#totalBytes),
      digest: await this.#writer.digest(),
      startedAt: timestampFromNs(status.startedNs),
      updatedAt: timestampFromNs(status.updatedNs),
    };
  }

  /** Another writer may have brought the same blob in meanwhile: then this ingest is of no use. */
  async #expect(expected: string): Promise<void> {
    this.#expected = expected;
    try {
      await this.#store.info(this.#scope, expected);
    } catch (error) {
      if (isCode(error, 'not_found')) return;
      throw error;
    }
    await this.#writer[Symbol.asyncDispose]();
    await this.#store.abort(this.#scope, this.#ref).catch((error: unknown) => {
      if (!isCode(error, 'not_found')) throw error;
    });
    throw alreadyExists(`blob with expected digest ${expected} exists`);
  }

  async #append(offset: number, data: Uint8Array): Promise<void> {
    const { offsetBytes: current } = await this.#writer.status();
    if (offset > 0 && offset !== current) {
      throw outOfRange(`write @${offset} must occur at current offset ${current}`);
    }
    if (offset === 0 && current > 0) await this.#writer.truncate();
    if (data.length > 0) await this.#writer.write(data);
  }
}
