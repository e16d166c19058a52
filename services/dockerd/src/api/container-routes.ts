/** Routes of the tag Container: creation, life cycle, settings. Streams are in hijack-routes.ts and log-routes.ts. */
import { invalidArgument } from '@docker-ts/base/errors';
import { Router } from 'express';
import type { Container, WaitCondition } from '../containers/container.ts';
import type { DomainContext } from '../containers/context.ts';
import { createContainer } from '../containers/create.ts';
import { inspectContainer } from '../containers/inspect.ts';
import { killContainer } from '../containers/kill.ts';
import { containerFilterNames, listContainers } from '../containers/list.ts';
import { pauseContainer, unpauseContainer } from '../containers/pause.ts';
import { pruneContainers, pruneFilterNames } from '../containers/prune.ts';
import { removeContainer } from '../containers/remove.ts';
import { renameContainer } from '../containers/rename.ts';
import { startContainer } from '../containers/start.ts';
import { restartContainer, stopContainer, type StopOptions } from '../containers/stop.ts';
import { listProcesses } from '../containers/top.ts';
import { updateContainer, type UpdateRequest } from '../containers/update.ts';
import { resizeContainer } from '../exec/resize.ts';
import type { ContainerConfig, HostConfig } from '../spec/container-config.ts';
import { parsePlatform } from './platform.ts';
import { createShape, updateShape } from './create-shape.ts';
import { parseFilters } from '../filters/filters.ts';
import { readJson } from './json-body.ts';
import { queryFlag, queryInteger, querySize, queryText } from './query.ts';
import { handle, pathParameter } from './route-handler.ts';

type CreateBody = ContainerConfig & {
  HostConfig?: HostConfig | null;
  NetworkingConfig?: { EndpointsConfig?: Record<string, unknown> | null } | null;
};

const words = (value: string | string[] | null | undefined): string[] | null =>
  typeof value === 'string' ? [value] : (value ?? null);

const stopOptions = (signal: string, seconds: number | undefined): StopOptions => ({
  ...(signal === '' ? {} : { signal }),
  ...(seconds === undefined ? {} : { timeoutSeconds: seconds }),
});

export function containerRouter(context: DomainContext): Router {
  const router = Router();
  addCreation(router, context);
  addReading(router, context);
  addLifeCycle(router, context);
  addWait(router, context);
  addSettings(router, context);
  return router;
}

function addCreation(router: Router, context: DomainContext): void {
  router.post(
    '/containers/create',
    handle(async (request, response) => {
      const body = await readJson<CreateBody>(request, createShape);
      if (body === undefined) throw invalidArgument('config cannot be empty in order to create a container');
      const { HostConfig: hostConfig, NetworkingConfig: networking, ...config } = body;
      const name = queryText(request, 'name');
      const platform = parsePlatform(queryText(request, 'platform'));
      const { container, warnings } = await createContainer(context, {
        name: name === '' ? undefined : name,
        config: { ...config, Cmd: words(config.Cmd), Entrypoint: words(config.Entrypoint) },
        hostConfig: hostConfig ?? {},
        endpoints: networking?.EndpointsConfig ?? {},
        ...(platform === undefined ? {} : { platform }),
      });
      response.status(201).json({ Id: container.id, Warnings: warnings });
    }),
  );
  router.post(
    '/containers/prune',
    handle(async (request, response) => {
      response.json(await pruneContainers(context, parseFilters(queryText(request, 'filters'), pruneFilterNames)));
    }),
  );
  router.delete(
    '/containers/:id',
    handle(async (request, response) => {
      if (queryFlag(request, 'link')) throw invalidArgument('links are not supported');
      const container = context.registry.get(pathParameter(request, 'id'));
      await removeContainer(context, container, {
        force: queryFlag(request, 'force'),
        volumes: queryFlag(request, 'v'),
      });
      response.status(204).end();
    }),
  );
}

function addReading(router: Router, context: DomainContext): void {
  const find = (reference: string): Container => context.registry.get(reference);
  router.get(
    '/containers/json',
    handle(async (request, response) => {
      const limit = queryInteger(request, 'limit');
      response.json(
        await listContainers(context, {
          all: queryFlag(request, 'all'),
          size: queryFlag(request, 'size'),
          limit: limit === undefined || limit <= 0 ? undefined : limit,
          filters: parseFilters(queryText(request, 'filters'), containerFilterNames),
        }),
      );
    }),
  );
  router.get(
    '/containers/:id/json',
    handle(async (request, response) => {
      response.json(await inspectContainer(context, find(pathParameter(request, 'id')), queryFlag(request, 'size')));
    }),
  );
  router.get(
    '/containers/:id/top',
    handle(async (request, response) => {
      response.json(await listProcesses(context, find(pathParameter(request, 'id')), queryText(request, 'ps_args')));
    }),
  );
}

function addLifeCycle(router: Router, context: DomainContext): void {
  const verb = (
    name: string,
    run: (
      container: Container,
      request: Parameters<Parameters<typeof handle>[0]>[0],
      reference: string,
    ) => Promise<void>,
  ): void => {
    router.post(
      `/containers/:id/${name}`,
      handle(async (request, response) => {
        const reference = pathParameter(request, 'id');
        await run(context.registry.get(reference), request, reference);
        response.status(204).end();
      }),
    );
  };
  verb('start', (container) => startContainer(context, container));
  verb('stop', (container, request) =>
    stopContainer(context, container, stopOptions(queryText(request, 'signal'), queryInteger(request, 't'))),
  );
  verb('restart', (container, request, reference) =>
    restartContainer(
      context,
      container,
      reference,
      stopOptions(queryText(request, 'signal'), queryInteger(request, 't')),
    ),
  );
  verb('kill', (container, request, reference) =>
    killContainer(context, container, reference, queryText(request, 'signal')),
  );
  verb('pause', (container) => pauseContainer(context, container));
  verb('unpause', (container) => unpauseContainer(context, container));
  verb('rename', (container, request) => renameContainer(context, container, queryText(request, 'name')));
}

const waitConditions: readonly string[] = ['not-running', 'next-exit', 'removed'];

/** The head goes out at once: `docker run` starts the container only when it is being waited for. */
function addWait(router: Router, context: DomainContext): void {
  router.post(
    '/containers/:id/wait',
    handle(async (request, response) => {
      const condition = queryText(request, 'condition') || 'not-running';
      if (!waitConditions.includes(condition)) throw invalidArgument(`invalid condition: "${condition}"`);
      const container = context.registry.get(pathParameter(request, 'id'));
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const waited = container.wait(condition as WaitCondition, AbortSignal.any([gone.signal, context.shutdown]));
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      try {
        const { exitCode, error } = await waited;
        response.end(`${JSON.stringify({ StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) })}\n`);
      } catch {
        // the client left, or the daemon shuts down
        response.end();
      }
    }),
  );
}

function addSettings(router: Router, context: DomainContext): void {
  router.post(
    '/containers/:id/resize',
    handle(async (request, response) => {
      await resizeContainer(context, context.registry.get(pathParameter(request, 'id')), querySize(request));
      response.status(200).end();
    }),
  );
  router.post(
    '/containers/:id/update',
    handle(async (request, response) => {
      const body = await readJson<UpdateRequest>(request, updateShape);
      const container = context.registry.get(pathParameter(request, 'id'));
      response.json({ Warnings: await updateContainer(context, container, body ?? {}) });
    }),
  );
}
