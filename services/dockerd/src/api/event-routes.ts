/** `GET /events`: past events from `since`, then those to come, as JSON lines; ends at `until`. */
import { unknown } from '@docker-ts/base/errors';
import { Router } from 'express';
import { nowNs } from '../containers/clock.ts';
import { parseMoment } from '../containers/moment.ts';
import type { DaemonEvent, EventBus } from '../events/bus.ts';
import { compileEventFilters, eventFilterNames } from '../events/filters.ts';
import { parseFilters } from '../filters/filters.ts';
import { queryText } from './query.ts';
import { handle } from './route-handler.ts';

/** A client that has this much unread is let go. */
const backlogLimitBytes = 4 * 1024 * 1024;

export function eventRouter(bus: EventBus, shutdown: AbortSignal): Router {
  const router = Router();
  router.get(
    '/events',
    handle(async (request, response) => {
      const since = moment(queryText(request, 'since'));
      const until = moment(queryText(request, 'until'));
      if (since !== undefined && until !== undefined && until < since)
        throw unknown(`\`since\` time (${since}) cannot be after \`until\` time (${until})`);
      const matches = compileEventFilters(parseFilters(queryText(request, 'filters'), eventFilterNames));
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      const send = (event: DaemonEvent): void => {
        if (until !== undefined && BigInt(event.timeNano) > until) return;
        if (!matches(event)) return;
        response.write(`${JSON.stringify(event)}\n`);
        if (response.writableLength > backlogLimitBytes) response.destroy();
      };
      // Past ones first, in the same turn of the loop as the subscription: none is missed and none comes twice.
      if (since !== undefined) for (const event of bus.since(since)) send(event);
      using _subscription = bus.subscribe(send);
      await finished(response, until, shutdown);
      response.end();
    }),
  );
  return router;
}

const moment = (text: string): bigint | undefined => (text === '' ? undefined : parseMoment(text));

/** Settles when the client leaves, the daemon stops, or the time is up. */
function finished(
  response: { on(event: 'close', listener: () => void): unknown },
  until: bigint | undefined,
  shutdown: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      shutdown.removeEventListener('abort', finish);
      resolve();
    };
    response.on('close', finish);
    shutdown.addEventListener('abort', finish, { once: true });
    if (until === undefined) return;
    const waitMs = Number((until - nowNs()) / 1_000_000n);
    timer = setTimeout(finish, Math.min(Math.max(waitMs, 0), 2 ** 31 - 1));
  });
}
