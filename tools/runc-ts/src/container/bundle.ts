/** A bundle on disk: config.json and a root file system (bundle.md). */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { invalidArgument, messageOf, notFound } from '@docker-ts/base/errors';
import { parseExactJson } from '@docker-ts/oci/exact-json';
import type { Process, RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { assertStartable, validateRuntimeSpec } from '@docker-ts/oci/runtime-spec-validation';

export interface Bundle {
  /** Absolute, without links. */
  readonly path: string;
  readonly rootfs: string;
  readonly configText: string;
  readonly spec: RuntimeSpec & { readonly process: Process };
}

/** Reads and validates a bundle. not_found, invalid_argument. */
export function readBundle(folder: string): Bundle {
  let configText;
  let path;
  try {
    path = realpathSync(folder);
    configText = readFileSync(join(path, 'config.json'), 'utf8');
  } catch (error) {
    throw notFound(`cannot read bundle "${resolve(folder)}": ${messageOf(error)}`, error);
  }
  const spec = validateRuntimeSpec(parseExactJson(configText, 'config.json'));
  assertStartable(spec);
  let rootfs;
  try {
    rootfs = realpathSync(resolve(path, spec.root?.path ?? 'rootfs'));
  } catch (error) {
    throw notFound(`invalid rootfs: ${messageOf(error)}`, error);
  }
  if (!statSync(rootfs).isDirectory()) throw invalidArgument(`invalid rootfs: ${rootfs} is not a directory`);
  return { path, rootfs, configText, spec };
}
