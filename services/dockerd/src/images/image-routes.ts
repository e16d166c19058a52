/** The Engine API's image routes (docs.docker.com/reference/api/engine, tag Image) on the image service. */
import { CodedError, messageOf, notFound, unimplemented } from '@docker-ts/base/errors';
import { toHttpStatus } from '@docker-ts/base/status';
import { familiarReference, parseReference, withDefaultTag } from '@docker-ts/oci/reference';
import { type Request, type Response, Router } from 'express';
import { parseFilters } from '../filters/filters.ts';
import { queryFlag, queryText } from '../api/query.ts';
import { handle } from '../api/route-handler.ts';
import type { ImageService } from './image-service.ts';
import { errorLine, type ProgressLine } from './progress.ts';

const listFilters = ['dangling', 'label', 'before', 'since', 'reference', 'until'];
const pruneFilters = ['dangling', 'label', 'label!', 'until'];

/** Every value of a parameter that may be repeated. */
function queryTexts(request: Request, name: string): string[] {
  const value: unknown = request.query[name];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((item) => typeof item === 'string');
}

/** The image's name in the middle of a path; it may contain slashes. */
const nameOf = (request: Request): string => decodeURIComponent(request.params['0'] ?? '');

/**
 * A stream of JSON lines. The head goes out with the first line; until then a failure is an ordinary error answer, afterwards it
 * is the stream's last line.
 */
class ProgressStream {
  readonly #response: Response;

  constructor(response: Response) {
    this.#response = response;
  }

  readonly write = (line: ProgressLine): void => {
    if (!this.#response.headersSent) this.#response.status(200).setHeader('Content-Type', 'application/json');
    this.#response.write(`${JSON.stringify(line)}\r\n`);
  };

  /** Tells a failure if that still can be done here; otherwise throws it on. */
  fail(error: unknown): void {
    if (!this.#response.headersSent) throw error;
    this.write(errorLine(messageOf(error)));
    this.#response.end();
  }
}

/** Aborted when the client goes away before the answer is complete. */
function clientSignal(request: Request, response: Response): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new CodedError('canceled', 'the client went away'));
  request.once('aborted', abort);
  response.once('close', () => {
    if (!response.writableFinished) abort();
  });
  return controller.signal;
}

async function loadImages(images: ImageService, request: Request, response: Response): Promise<void> {
  const stream = new ProgressStream(response);
  try {
    await images.load(request, {
      quiet: queryFlag(request, 'quiet'),
      signal: clientSignal(request, response),
      progress: stream.write,
    });
    response.end();
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    // dockerd's head is out before it reads: clients look for the error in the stream.
    if (!response.headersSent && toHttpStatus(error) < 500)
      response.status(200).setHeader('Content-Type', 'application/json');
    stream.write(errorLine(messageOf(error)));
    response.end();
  }
}

async function importImage(images: ImageService, request: Request, response: Response): Promise<void> {
  const stream = new ProgressStream(response);
  try {
    const id = await images.import(request, {
      source: queryText(request, 'fromSrc'),
      repository: queryText(request, 'repo'),
      tag: queryText(request, 'tag'),
      message: queryText(request, 'message'),
      changes: queryTexts(request, 'changes'),
      signal: clientSignal(request, response),
    });
    stream.write({ status: id });
    response.end();
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    stream.fail(error);
  }
}

/** Pulling needs a registry client, which the daemon does not have yet: said so that `docker run` ends with 125. */
function refusePull(request: Request): never {
  const tag = queryText(request, 'tag');
  const separator = tag.includes(':') ? '@' : ':';
  const reference = parseReference(queryText(request, 'fromImage') + (tag === '' ? '' : separator + tag));
  throw notFound(
    `cannot pull "${familiarReference(withDefaultTag(reference))}": registries are not supported yet (load or import the image instead)`,
  );
}

/** Routes of the tag Image but build and commit. Failures are CodedErrors for the app's error handler. */
export function imageRouter(images: ImageService): Router {
  const router = Router();
  router.get(
    '/images/json',
    handle(async (request, response) => {
      const filters = parseFilters(queryText(request, 'filters'), listFilters);
      const old = queryText(request, 'filter');
      response.json(await images.list(old === '' ? filters : new Map([...filters, ['reference', [old]]])));
    }),
  );
  router.get('/images/search', () => {
    throw unimplemented('cannot search images: registries are not supported yet');
  });
  router.get(/^\/images\/(?:(.+)\/)?get$/, () => {
    throw unimplemented('cannot save images: not supported yet');
  });
  router.get(
    /^\/images\/(.+)\/json$/,
    handle(async (request, response) => {
      response.json(await images.inspect(nameOf(request)));
    }),
  );
  router.get(
    /^\/images\/(.+)\/history$/,
    handle(async (request, response) => {
      response.json(await images.history(nameOf(request)));
    }),
  );
  router.post(
    '/images/load',
    handle((request, response) => loadImages(images, request, response)),
  );
  router.post(
    '/images/create',
    handle(async (request, response) => {
      if (queryText(request, 'fromImage') !== '') refusePull(request);
      await importImage(images, request, response);
    }),
  );
  router.post(
    '/images/prune',
    handle(async (request, response) => {
      response.json(await images.prune(parseFilters(queryText(request, 'filters'), pruneFilters)));
    }),
  );
  router.post(/^\/images\/(.+)\/push$/, () => {
    throw unimplemented('cannot push images: registries are not supported yet');
  });
  router.post(
    /^\/images\/(.+)\/tag$/,
    handle(async (request, response) => {
      await images.tag(nameOf(request), queryText(request, 'repo'), queryText(request, 'tag'));
      response.status(201).end();
    }),
  );
  router.delete(
    /^\/images\/(.+)$/,
    handle(async (request, response) => {
      response.json(await images.remove(nameOf(request), queryFlag(request, 'force')));
    }),
  );
  return router;
}
