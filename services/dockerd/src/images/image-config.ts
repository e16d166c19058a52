/**
 * Image documents: the OCI image configuration (image-spec config.md; Docker's own format has the same fields and a few more) and
 * the manifests and indexes around it (manifest.md, image-index.md, Docker's schema 2). All come from untrusted archives: what
 * the daemon relies on is checked here.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Digest } from '@docker-ts/oci/digest';
import type { ImageDefaults } from '../spec/container-config.ts';

export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly created?: string;
  readonly docker_version?: string;
  readonly config?: ImageDefaults | null;
  readonly history?: readonly HistoryEntry[] | null;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
}

export interface ImageManifest {
  readonly config: BlobDescriptor;
  readonly layers: readonly BlobDescriptor[];
}

/** Manifests and configs are read into memory whole: no honest one is near this size. */
export const documentMaxBytes = 8 * 1024 * 1024;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True for a digest that the daemon works with. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && digestPattern.test(value);
}

/** JSON of one object; invalid_argument with `what` in the text. */
export function parseDocument(bytes: Uint8Array, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalidArgument(`cannot read ${what}: malformed JSON`, error);
  }
  if (!isObject(value)) throw invalidArgument(`cannot read ${what}: not a JSON object`);
  return value;
}

function toDescriptor(value: unknown, what: string): BlobDescriptor {
  if (!isObject(value) || !isDigest(value['digest']) || typeof value['size'] !== 'number')
    throw invalidArgument(`cannot read ${what}: malformed descriptor`);
  return value as unknown as BlobDescriptor;
}

export function parseManifest(bytes: Uint8Array, what: string): ImageManifest {
  const { config, layers } = parseDocument(bytes, what);
  if (!Array.isArray(layers)) throw invalidArgument(`cannot read ${what}: it has no layers`);
  return { config: toDescriptor(config, what), layers: layers.map((layer) => toDescriptor(layer, what)) };
}

export function parseIndex(bytes: Uint8Array, what: string): BlobDescriptor[] {
  const { manifests } = parseDocument(bytes, what);
  if (!Array.isArray(manifests)) throw invalidArgument(`cannot read ${what}: it lists no manifests`);
  return manifests.map((manifest) => toDescriptor(manifest, what));
}

const isStringList = (value: unknown): boolean =>
  value == null || (Array.isArray(value) && value.every((item) => typeof item === 'string'));

/** Checks the parts that become a container's process: a hostile config must not get further than here. */
function verifyDefaults(config: unknown, what: string): void {
  if (config == null) return;
  if (!isObject(config)) throw invalidArgument(`cannot read ${what}: malformed "config"`);
  for (const field of ['Env', 'Cmd', 'Entrypoint', 'OnBuild', 'Shell'])
    if (!isStringList(config[field]))
      throw invalidArgument(`cannot read ${what}: "config.${field}" is not a list of strings`);
  for (const field of ['User', 'WorkingDir', 'StopSignal'])
    if (config[field] != null && typeof config[field] !== 'string')
      throw invalidArgument(`cannot read ${what}: "config.${field}" is not a string`);
  for (const field of ['Labels', 'Volumes', 'ExposedPorts'])
    if (config[field] != null && !isObject(config[field]))
      throw invalidArgument(`cannot read ${what}: "config.${field}" is not an object`);
}

export function parseImageConfig(bytes: Uint8Array, what: string): ImageConfig {
  const document = parseDocument(bytes, what);
  const rootfs = document['rootfs'];
  if (!isObject(rootfs) || !(rootfs['diff_ids'] == null || Array.isArray(rootfs['diff_ids'])))
    throw invalidArgument(`cannot read ${what}: it has no rootfs`);
  const diffIds: unknown[] = rootfs['diff_ids'] ?? [];
  if (!diffIds.every(isDigest)) throw invalidArgument(`cannot read ${what}: malformed diff_ids`);
  if (document['history'] != null && !Array.isArray(document['history']))
    throw invalidArgument(`cannot read ${what}: malformed history`);
  verifyDefaults(document['config'], what);
  return {
    ...(document as unknown as ImageConfig),
    os: typeof document['os'] === 'string' ? document['os'] : '',
    architecture: typeof document['architecture'] === 'string' ? document['architecture'] : '',
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}
