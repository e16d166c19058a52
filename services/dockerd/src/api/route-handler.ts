/** Asynchronous express handlers: a failure goes to the app's error handler. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export const handle =
  (handler: (request: Request, response: Response) => Promise<void>): RequestHandler =>
  (request: Request, response: Response, next: NextFunction): void => {
    handler(request, response).catch(next);
  };

/** A parameter of the path. */
export function pathParameter(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}
