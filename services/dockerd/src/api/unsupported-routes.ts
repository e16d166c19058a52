/**
 * Endpoints of the Engine API that the daemon knows but does not serve: 501 with the reason, so that a client can tell them from a
 * mistyped path. What needs a swarm is refused as by a daemon that is in none.
 */
import { unavailable, unimplemented } from '@docker-ts/base/errors';
import { Router } from 'express';

/** `METHOD path` of express, then what the client is told. */
const unsupported: Readonly<Record<string, string>> = {
  'get /containers/:id/stats': 'container statistics are not supported yet',
  'get /containers/:id/changes': 'listing changes of a file system is not supported yet',
  'get /containers/:id/export': 'exporting containers is not supported yet',
  'get /containers/:id/archive': 'copying files is not supported yet',
  'head /containers/:id/archive': 'copying files is not supported yet',
  'put /containers/:id/archive': 'copying files is not supported yet',
  'get /containers/:id/attach/ws': 'attaching over a websocket is not supported yet',
  'get /containers/:id/checkpoints': 'checkpoints are not supported yet',
  'post /containers/:id/checkpoints': 'checkpoints are not supported yet',
  'delete /containers/:id/checkpoints/:checkpoint': 'checkpoints are not supported yet',
  'post /commit': 'committing containers is not supported yet',
  'post /build': 'building images is not supported yet',
  'post /build/prune': 'building images is not supported yet',
  'post /build/cancel': 'building images is not supported yet',
  'post /grpc': 'building images is not supported yet',
  'post /session': 'sessions are not supported yet',
  'get /distribution/*name': 'registries are not supported yet',
  'post /volumes/create': 'volumes are not supported yet',
  'get /volumes/:name': 'volumes are not supported yet',
  'put /volumes/:name': 'volumes are not supported yet',
  'delete /volumes/:name': 'volumes are not supported yet',
  'get /plugins/privileges': 'plugins are not supported',
  'post /plugins/*name': 'plugins are not supported',
  'delete /plugins/*name': 'plugins are not supported',
};

const swarmPaths = ['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'] as const;

const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

type Verb = 'get' | 'head' | 'put' | 'post' | 'delete';

export function unsupportedRouter(): Router {
  const router = Router();
  for (const [route, message] of Object.entries(unsupported)) {
    const [verb, path = ''] = route.split(' ');
    router[verb as Verb](path, () => {
      throw unimplemented(message);
    });
  }
  router.post(['/swarm/init', '/swarm/join'], () => {
    throw unimplemented('swarm mode is not supported');
  });
  for (const path of swarmPaths)
    router.use(path, () => {
      throw unavailable(notInSwarm);
    });
  // There are none: an empty list is the whole truth.
  router.get('/volumes', (_request, response) => {
    response.json({ Volumes: [], Warnings: null });
  });
  router.post('/volumes/prune', (_request, response) => {
    response.json({ VolumesDeleted: null, SpaceReclaimed: 0 });
  });
  router.get('/plugins', (_request, response) => {
    response.json([]);
  });
  return router;
}
