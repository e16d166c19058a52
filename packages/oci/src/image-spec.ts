/**
 * The documents of an image (image-spec image-index.md, manifest.md, config.md), which Docker's schema 2 shares but for media types.
 * They come from registries and archives, so from anybody: `parse…` functions check what they rely on and refuse the rest with
 * invalid_argument. Members that are not known are kept out of the types and let through.
 */
import { type Descriptor, descriptorShape, descriptorsShape } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { digestFault } from './digest.ts';
import { parseExactJson } from './exact-json.ts';
import {
  arrayOf,
  boolean,
  documentPath,
  integer,
  int64,
  type JsonShape,
  objectOf,
  recordOf,
  refuse,
  string,
} from './json-shape.ts';

/** A list of manifests, usually one for each platform. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One image: its configuration and layers, from the bottom up. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageConfig {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  readonly config?: ImageRunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly ImageHistory[];
}

/** How a container of the image runs, unless told otherwise. Names in Docker's spelling. */
export interface ImageRunConfig {
  readonly User?: string;
  /** `80/tcp` → nothing. */
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly ArgsEscaped?: boolean;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
  /** Seconds; Docker's. */
  readonly StopTimeout?: number;
  readonly Healthcheck?: ImageHealthcheck;
}

/** Docker's extension; durations in nanoseconds, 0: inherit. */
export interface ImageHealthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** One step of the build; steps without `empty_layer` belong to a layer each. */
export interface ImageHistory {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

const version = integer(2, 2);
const strings = arrayOf(string);
const objects = recordOf(objectOf({}));

const indexShape = objectOf(
  {
    schemaVersion: version,
    mediaType: string,
    artifactType: string,
    manifests: descriptorsShape,
    subject: descriptorShape,
    annotations: recordOf(string),
  },
  ['schemaVersion', 'manifests'],
);

const manifestShape = objectOf(
  {
    schemaVersion: version,
    mediaType: string,
    artifactType: string,
    config: descriptorShape,
    layers: descriptorsShape,
    subject: descriptorShape,
    annotations: recordOf(string),
  },
  ['schemaVersion', 'config', 'layers'],
);

const diffId: JsonShape = (value, path) => {
  string(value, path);
  const fault = digestFault(value as string);
  if (fault !== undefined) refuse(path, fault);
};

const configShape = objectOf(
  {
    created: string,
    author: string,
    architecture: string,
    os: string,
    variant: string,
    'os.version': string,
    'os.features': strings,
    config: objectOf({
      User: string,
      ExposedPorts: objects,
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
      Volumes: objects,
      WorkingDir: string,
      Labels: recordOf(string),
      StopSignal: string,
      ArgsEscaped: boolean,
      Shell: strings,
      OnBuild: strings,
      StopTimeout: integer(0, 2_147_483_647),
      Healthcheck: objectOf({
        Test: strings,
        Interval: int64,
        Timeout: int64,
        StartPeriod: int64,
        StartInterval: int64,
        Retries: int64,
      }),
    }),
    rootfs: objectOf({ type: string, diff_ids: arrayOf(diffId) }, ['diff_ids']),
    history: arrayOf(
      objectOf({ created: string, created_by: string, author: string, comment: string, empty_layer: boolean }),
    ),
  },
  ['architecture', 'os', 'rootfs'],
);

function parse(text: string, document: string, shape: JsonShape): unknown {
  const json = parseExactJson(text, document);
  shape(json, documentPath(document));
  return json;
}

/** Reads an index or a Docker manifest list. */
export function parseImageIndex(text: string): ImageIndex {
  return parse(text, 'image index', indexShape) as ImageIndex;
}

/** Reads a manifest. One that also lists manifests is refused: readers disagree on what it is (CVE-2021-41190). */
export function parseImageManifest(text: string): ImageManifest {
  const manifest = parse(text, 'image manifest', manifestShape) as ImageManifest & { manifests?: unknown };
  if (manifest.manifests !== undefined) refuse(documentPath('image manifest'), 'has both layers and manifests');
  return manifest;
}

/** Reads an image's configuration. */
export function parseImageConfig(text: string): ImageConfig {
  return parse(text, 'image config', configShape) as ImageConfig;
}
