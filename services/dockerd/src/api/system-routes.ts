/** Routes of the tag System: ping, version, info, disk usage, authentication. */
import { unimplemented } from '@docker-ts/base/errors';
import { Router } from 'express';
import { showDiskUsage } from '../system/disk-usage.ts';
import { type InfoSources, showInfo } from '../system/info.ts';
import { showVersion } from '../system/version.ts';
import { handle } from './route-handler.ts';

export interface SystemSources extends InfoSources {
  readonly listImages: () => Promise<readonly object[]>;
}

/** What clients learn from the ping beside the API version: which builder to use, and that there is no swarm. */
const pingHeaders = {
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
  'Content-Type': 'text/plain; charset=utf-8',
} as const;

export function systemRouter(sources: SystemSources): Router {
  const { context } = sources;
  const router = Router();
  router.head('/_ping', (_request, response) => {
    response.set(pingHeaders).set('Content-Length', '0').end();
  });
  router.get('/_ping', (_request, response) => {
    response.set(pingHeaders).end('OK');
  });
  router.get(
    '/version',
    handle(async (_request, response) => {
      response.json(await showVersion(context.containerd));
    }),
  );
  router.get(
    '/info',
    handle(async (_request, response) => {
      response.json(await showInfo(sources));
    }),
  );
  router.get(
    '/system/df',
    handle(async (_request, response) => {
      response.json(await showDiskUsage(context, sources.listImages));
    }),
  );
  router.post('/auth', () => {
    throw unimplemented('cannot log in: registries are not supported yet');
  });
  return router;
}
