/**
 * The two requests that take the connection over: attach and exec start. Whatever can be refused is refused before that, as an
 * ordinary answer; afterwards errors can only be told in the stream.
 */
import { messageOf } from '@docker-ts/base/errors';
import type { ServerResponse } from 'node:http';
import { attachContainer, verifyAttach } from '../containers/attach.ts';
import type { DomainContext } from '../containers/context.ts';
import type { ExecRegistry } from '../exec/exec-registry.ts';
import { serveExec, startExecDetached } from '../exec/serve.ts';
import { defaultDetachKeys, parseDetachKeys } from '../stdio/detach-keys.ts';
import { multiplexedStreamType, type OutputStream, rawStreamType } from '../stdio/multiplex.ts';
import { compareApiVersions } from './api-version.ts';
import type { ClientConnection } from '../stdio/client-connection.ts';
import { streamResponse, upgradeConnection } from './client-connection.ts';
import { execStartShape } from './create-shape.ts';
import type { ApiRequest, HijackHandler, HijackRoutes, Upgrade } from './http-server.ts';
import { readJson } from './json-body.ts';

/** Upgraded streams tell by their type whether they are framed, since 1.42. */
const typedStreamsSince = '1.42';

export interface HijackDependencies {
  readonly context: DomainContext;
  readonly execs: ExecRegistry;
  readonly headers: Readonly<Record<string, string>>;
}

export function createHijackRoutes(dependencies: HijackDependencies): HijackRoutes {
  return {
    match(method, url) {
      if (method !== 'POST') return undefined;
      const [path = '', query = ''] = url.split('?', 2);
      const attach = /^\/containers\/([^/]+)\/attach$/.exec(path);
      if (attach !== null) return attachHandler(dependencies, decodeURIComponent(attach[1] ?? ''), query);
      const exec = /^\/exec\/([^/]+)\/start$/.exec(path);
      return exec === null ? undefined : execHandler(dependencies, decodeURIComponent(exec[1] ?? ''));
    },
  };
}

/** Takes the connection over; the answer's head says what follows. */
function hijack(
  { headers }: HijackDependencies,
  request: ApiRequest,
  response: ServerResponse,
  upgrade: Upgrade | undefined,
  tty: boolean,
): ClientConnection {
  if (upgrade === undefined) return streamResponse(response, rawStreamType);
  const typed = !tty && compareApiVersions(request.apiVersion, typedStreamsSince) >= 0;
  // From here on the socket is ours: the response object must not end it.
  response.detachSocket(upgrade.socket as never);
  return upgradeConnection(upgrade.socket, upgrade.head, typed ? multiplexedStreamType : rawStreamType, headers);
}

function attachHandler(dependencies: HijackDependencies, id: string, queryString: string): HijackHandler {
  const query = new URLSearchParams(queryString);
  const flag = (name: string): boolean =>
    !['', '0', 'no', 'false', 'none'].includes((query.get(name) ?? '').trim().toLowerCase());
  return async (request, response, upgrade) => {
    const { context } = dependencies;
    const container = context.registry.get(id);
    const keys = query.get('detachKeys') ?? '';
    const detachKeys = keys === '' ? defaultDetachKeys : parseDetachKeys(keys);
    verifyAttach(container);
    const connection = hijack(dependencies, request, response, upgrade, container.record.config.Tty === true);
    const streams = (['stdout', 'stderr'] as const).filter(flag);
    await attachContainer(context, container, connection, {
      stdin: flag('stdin'),
      streams: new Set<OutputStream>(streams),
      stream: flag('stream'),
      logs: flag('logs'),
      detachKeys,
    }).catch((error: unknown) => finishBroken(dependencies, connection, `attach to ${id}`, error));
  };
}

interface ExecStartBody {
  readonly Detach?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [number, number] | null;
}

function execHandler(dependencies: HijackDependencies, id: string): HijackHandler {
  return async (request, response, upgrade) => {
    const { context, execs } = dependencies;
    const body = (await readJson<ExecStartBody>(request, execStartShape, { optional: true })) ?? {};
    const exec = execs.get(id);
    if (body.Detach === true) {
      await startExecDetached(context, exec);
      response.statusCode = 200;
      response.end();
      return;
    }
    exec.requireStartable();
    const connection = hijack(dependencies, request, response, upgrade, exec.config.Tty === true);
    await serveExec(context, exec, connection, body.ConsoleSize ?? undefined).catch((error: unknown) =>
      finishBroken(dependencies, connection, `exec ${id}`, error),
    );
  };
}

/** Nothing can be answered any more; a client that left is no news. */
function finishBroken(
  { context }: HijackDependencies,
  connection: ClientConnection,
  what: string,
  error: unknown,
): void {
  if (!connection.gone.aborted) context.log.warn(`${what}: ${messageOf(error)}`);
  connection.end();
}
