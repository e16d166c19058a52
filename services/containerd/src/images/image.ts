/**
 * Images: names for content. An image's *target* is the descriptor of an index or a manifest; everything below it is kept by labels on
 * the content (`containerd.io/gc.ref.content.…`), not by the image.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { digestFault } from '@docker-ts/oci/digest';
import { checkLabels, type Labels } from '../metadata/labels.ts';
import type { Awaitable, RequestScope } from '../metadata/scope.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly annotations: Labels;
}

export interface Image {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

export interface ImageUpdate {
  /** `labels`, `labels.<key>`, `target`, `annotations`, `annotations.<key>`; none replaces the whole image. */
  readonly fieldPaths: readonly string[];
  /** The time that is noted instead of the present one (reproducible builds). */
  readonly epochNs?: bigint;
}

export interface ImageStore {
  /** @throws not_found. */
  get(scope: RequestScope, name: string): Awaitable<Image>;
  /** Those that match any filter (`name`, `target.digest`, `target.mediatype`, `labels.…`, `annotations.…`), by name. */
  list(scope: RequestScope, filters: readonly string[]): Awaitable<Image[]>;
  /** @throws already_exists, invalid_argument. */
  create(scope: RequestScope, image: Image, epochNs?: bigint): Promise<Image>;
  /** @throws not_found, invalid_argument. */
  update(scope: RequestScope, image: Image, update: ImageUpdate): Promise<Image>;
  /** Takes the name away; with `targetDigest` only if it still names that. @throws not_found. */
  delete(scope: RequestScope, name: string, targetDigest?: string): Promise<void>;
}

/** @throws invalid_argument with containerd's text. */
export function checkImage({ name, labels, target }: Image): void {
  const fail = (text: string): never => {
    throw invalidArgument(`${text}: invalid argument`);
  };
  if (name === '') fail('image name must not be empty');
  checkLabels(labels, 'image.Labels');
  const fault = digestFault(target.digest);
  if (fault !== undefined) fail(`target.Digest ${JSON.stringify(target.digest)} invalid: ${fault}`);
  if (target.sizeBytes <= 0) fail('target.Size must be greater than zero');
  if (target.mediaType === '') fail('target.MediaType must be set');
}
