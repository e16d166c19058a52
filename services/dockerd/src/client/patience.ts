/**
 * Patience with a server that is being restarted: a unary call that was never sent, because there was no connection, is made once
 * more when there is one. (grpc-js waits up to a second between its own attempts, and fails calls meanwhile.)
 */
import { isCode, messageOf } from '@docker-ts/base/errors';
import type { ClientOf, ServiceDefinition } from '@docker-ts/rpc/service';

/** grpc-js' words for a call that found no connection; one that broke half-way reads differently. */
const neverSent = (error: unknown): boolean =>
  isCode(error, 'unavailable') && messageOf(error).startsWith('No connection established');

type Unary = (request: unknown, options?: unknown) => Promise<unknown>;

/** `client` with patient unary methods; streams are as they were. */
export function patient<Definition extends ServiceDefinition>(
  client: ClientOf<Definition>,
  { methods }: Definition,
  connected: () => Promise<void>,
): ClientOf<Definition> {
  const wrapped: Record<string, unknown> = { ...client };
  for (const [name, { requestStream, responseStream }] of Object.entries(methods)) {
    if (requestStream || responseStream) continue;
    const call = wrapped[name] as Unary;
    wrapped[name] = async (request: unknown, options?: unknown): Promise<unknown> => {
      try {
        return await call(request, options);
      } catch (error) {
        if (!neverSent(error)) throw error;
        await connected().catch(() => {
          throw error;
        });
        return call(request, options);
      }
    };
  }
  return wrapped as ClientOf<Definition>;
}
