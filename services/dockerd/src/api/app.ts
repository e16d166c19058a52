/** The express app: all routers, `page not found`, errors. Nothing parses bodies globally: each route reads its own. */
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import type { Logger } from 'winston';
import { replyError } from './error-reply.ts';
import { pageNotFound } from './http-server.ts';

export function createApp(routers: readonly Router[], log: Logger): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // `?a[b]=c` has no meaning here: flat parameters are all there are.
  app.set('query parser', 'simple');
  for (const router of routers) app.use(router);
  app.use(() => {
    throw pageNotFound();
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    replyError(response, error, log);
  });
  return app;
}
