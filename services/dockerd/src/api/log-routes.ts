/** `GET /containers/x/logs`. */
import { invalidArgument, unknown } from '@docker-ts/base/errors';
import { type Request, type Response, Router } from 'express';
import type { DomainContext } from '../containers/context.ts';
import { type LogOptions, streamLogs, verifyLogReading } from '../containers/logs.ts';
import { parseMoment } from '../containers/moment.ts';
import { multiplexedStreamType, type OutputStream, rawStreamType } from '../stdio/multiplex.ts';
import { queryFlag, queryText } from './query.ts';
import { handle, pathParameter } from './route-handler.ts';

export function logRouter(context: DomainContext): Router {
  const router = Router();
  router.get(
    '/containers/:id/logs',
    handle(async (request, response) => {
      const container = context.registry.get(pathParameter(request, 'id'));
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const options = readOptions(request, AbortSignal.any([gone.signal, context.shutdown]));
      verifyLogReading(container);
      const stream = streamLogs(context, container, options);
      // The first step tells whether there is a log to read; only then does the head go out.
      const first = options.follow === undefined ? await stream.next() : undefined;
      const type = container.record.config.Tty === true ? rawStreamType : multiplexedStreamType;
      response.writeHead(200, { 'Content-Type': type });
      response.flushHeaders();
      if (first?.value) await send(response, first.value as Uint8Array);
      if (first?.done !== true) for await (const bytes of stream) if (!(await send(response, bytes))) break;
      response.end();
    }),
  );
  return router;
}

function readOptions(request: Request, gone: AbortSignal): LogOptions {
  const streams = (['stdout', 'stderr'] as const).filter((name) => queryFlag(request, name));
  if (streams.length === 0) throw invalidArgument('Bad parameters: you must choose at least one stream');
  const tail = queryText(request, 'tail');
  const since = moment(request, 'since');
  const until = moment(request, 'until');
  return {
    streams: new Set<OutputStream>(streams),
    timestamps: queryFlag(request, 'timestamps'),
    details: queryFlag(request, 'details'),
    // Anything but a number means all lines.
    ...(/^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
    ...(since === undefined ? {} : { sinceNs: since }),
    ...(until === undefined ? {} : { untilNs: until }),
    ...(queryFlag(request, 'follow') ? { follow: gone } : {}),
  };
}

/** `0` stands for no bound. */
function moment(request: Request, name: string): bigint | undefined {
  const text = queryText(request, name);
  if (text === '' || text === '0') return undefined;
  if (!/^-?\d/.test(text)) throw unknown(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return parseMoment(text);
}

/** False once the client is gone. */
async function send(response: Response, bytes: Uint8Array): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      response.off('drain', settle);
      response.off('close', settle);
      resolve();
    };
    response.on('drain', settle);
    response.on('close', settle);
  });
  return !response.destroyed;
}
