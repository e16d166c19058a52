/** Routes of the tag Exec but start, which takes the connection over (hijack-routes.ts). */
import { Router } from 'express';
import type { DomainContext } from '../containers/context.ts';
import type { ExecRegistry } from '../exec/exec-registry.ts';
import type { Exec, ExecConfig } from '../exec/exec.ts';
import { resizeExec } from '../exec/resize.ts';
import { createExec } from '../exec/start.ts';
import { parseDetachKeys } from '../stdio/detach-keys.ts';
import { execShape } from './create-shape.ts';
import { readJson } from './json-body.ts';
import { querySize } from './query.ts';
import { handle, pathParameter } from './route-handler.ts';

export function execRouter(context: DomainContext, execs: ExecRegistry): Router {
  const router = Router();
  router.post(
    '/containers/:id/exec',
    handle(async (request, response) => {
      const body = (await readJson<ExecConfig & { Cmd?: string | string[] }>(request, execShape)) ?? {};
      const reference = pathParameter(request, 'id');
      const container = context.registry.get(reference);
      if (body.DetachKeys) parseDetachKeys(body.DetachKeys);
      const command = typeof body.Cmd === 'string' ? [body.Cmd] : body.Cmd;
      await container.started();
      const exec = createExec(context, execs, container, reference, { ...body, ...(command ? { Cmd: command } : {}) });
      response.status(201).json({ Id: exec.id });
    }),
  );
  router.get(
    '/exec/:id/json',
    handle(async (request, response) => {
      response.json(showExec(execs.get(pathParameter(request, 'id'))));
      return Promise.resolve();
    }),
  );
  router.post(
    '/exec/:id/resize',
    handle(async (request, response) => {
      await resizeExec(context, execs.get(pathParameter(request, 'id')), querySize(request));
      response.status(200).end();
    }),
  );
  return router;
}

function showExec({ id, status, exitCode, config, container, pid }: Exec): Record<string, unknown> {
  const [entrypoint = '', ...args] = config.Cmd ?? [];
  return {
    ID: id,
    Running: status === 'running',
    ExitCode: exitCode ?? null,
    ProcessConfig: {
      tty: config.Tty === true,
      entrypoint,
      arguments: args,
      privileged: config.Privileged === true,
      ...(config.User ? { user: config.User } : {}),
    },
    OpenStdin: config.AttachStdin === true,
    OpenStderr: config.AttachStderr === true,
    OpenStdout: config.AttachStdout === true,
    CanRemove: false,
    ContainerID: container.id,
    DetachKeys: config.DetachKeys ?? '',
    Pid: pid,
  };
}
