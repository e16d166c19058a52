/**
 * The HTTP server under express: API versions and common headers before any route, requests for another protocol beside them.
 *
 * Hijacked requests (attach, exec start) never see express: Bun hands every request with an `Upgrade` header to 'upgrade', with
 * the body on the request and the bytes after it on the socket. Requests that merely offer an upgrade (Java clients send
 * `Upgrade: h2c` with everything) are served as ordinary ones, on a response of their own.
 */
import { notFound, wrap } from '@docker-ts/base/errors';
import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'winston';
import {
  newestApiVersion,
  oldestApiVersion,
  compareApiVersions,
  splitVersion,
  verifyApiVersion,
} from './api-version.ts';
import { replyError } from './error-reply.ts';

/** A request on its way to a route; `url` has no version any more. */
export interface ApiRequest extends IncomingMessage {
  apiVersion: string;
}

/** Serves one hijackable request. `undefined` from `match` leaves it to express. */
export interface HijackRoutes {
  match(method: string, path: string): HijackHandler | undefined;
}

export type HijackHandler = (
  request: ApiRequest,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
) => Promise<void>;

/** The raw connection of a request that asked for `Upgrade: tcp`. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Uint8Array;
}

export interface ApiServerOptions {
  /** Express. */
  readonly routes: RequestListener;
  readonly hijacks: HijackRoutes;
  /** On every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: ServerOptions;
  readonly log: Logger;
}

/** A server that is not listening yet. */
export function createApiServer(options: ApiServerOptions): Server {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    serve(options, request, response, undefined);
  const server = options.tls === undefined ? createServer(onRequest) : createTlsServer(options.tls, onRequest);
  // Streams such as events, logs and waits are silent for as long as nothing happens.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Uint8Array) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    // A client may leave at any time; whoever writes then finds out.
    socket.on('error', () => {});
    const wanted = request.headers.upgrade?.toLowerCase() === 'tcp' ? { socket, head } : undefined;
    serve(options, request, response, wanted);
  });
  return server;
}

function serve(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
): void {
  const { version, url } = splitVersion(request.url ?? '/');
  request.url = url;
  (request as ApiRequest).apiVersion = version;
  for (const [name, value] of Object.entries(options.headers)) response.setHeader(name, value);
  try {
    verifyApiVersion(version);
  } catch (error) {
    if (compareApiVersions(version, oldestApiVersion) < 0) replyPlain(response, error as Error);
    else replyError(response, error, options.log);
    return;
  }
  const handler = options.hijacks.match(request.method ?? '', url);
  if (handler === undefined) {
    options.routes(request, response);
    return;
  }
  handler(request as ApiRequest, response, upgrade).catch((error: unknown) => replyError(response, error, options.log));
}

/** Clients older than API 1.24 do not know JSON errors. */
function replyPlain(response: ServerResponse, error: Error): void {
  response.statusCode = 400;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${error.message}\n`);
}

/** Headers that tell clients whom they talk to. */
export function commonHeaders(engineVersion: string): Record<string, string> {
  return {
    'Api-Version': newestApiVersion,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Docker/${engineVersion} (linux)`,
  };
}

export const pageNotFound = (): Error => notFound('page not found');

/** Listens on a unix path or a TCP address. */
export function listen(server: Server, address: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(wrap(error, `cannot listen on ${JSON.stringify(address)}`)));
    server.listen(address, resolve);
  });
}
