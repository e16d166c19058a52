/** `GET /containers/x/logs`: the container's log file, read whoever wrote it. */
import { unimplemented } from '@docker-ts/base/errors';
import type { OutputStream } from '../stdio/multiplex.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';

export interface LogOptions {
  readonly streams: ReadonlySet<OutputStream>;
  readonly follow: boolean;
}

export interface LogChunk {
  readonly stream: OutputStream;
  readonly data: Uint8Array;
}

export async function* readLogs(
  _context: DomainContext,
  _container: Container,
  _options: LogOptions,
): AsyncGenerator<LogChunk> {
  throw unimplemented('logs');
}
