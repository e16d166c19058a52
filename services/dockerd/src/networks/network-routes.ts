/** The Engine API's network routes (tag Network) on the predefined networks. */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import { json, Router } from 'express';
import { parseFilters } from '../filters/filters.ts';
import { queryText } from '../api/query.ts';
import { type NetworkCatalog, networkFilters, refuseRemoval, verifyNewName } from './network-catalog.ts';

const later = 'user-defined networks are not supported yet';

export function networkRouter(catalog: NetworkCatalog): Router {
  const router = Router();
  router.get('/networks', (request, response) => {
    response.json(catalog.list(parseFilters(queryText(request, 'filters'), networkFilters)));
  });
  router.get('/networks/:id', (request, response) => {
    response.json(catalog.inspect(request.params.id));
  });
  router.post('/networks/create', json(), (request) => {
    const { Name: name } = (request.body ?? {}) as { readonly Name?: unknown };
    if (typeof name !== 'string' || name === '') throw invalidArgument('invalid network name: name is empty');
    verifyNewName(name);
    throw unimplemented(`cannot create network "${name}": ${later}`);
  });
  router.post('/networks/prune', (request, response) => {
    parseFilters(queryText(request, 'filters'), ['label', 'label!', 'until']);
    response.json({ NetworksDeleted: null });
  });
  router.post('/networks/:id/:verb', (request, _response, next) => {
    const { id, verb } = request.params;
    if (verb !== 'connect' && verb !== 'disconnect') return next();
    const { name } = catalog.find(id);
    throw unimplemented(`cannot ${verb} containers on network "${name}": not supported yet`);
  });
  router.delete('/networks/:id', (request) => refuseRemoval(catalog.find(request.params.id)));
  return router;
}
