/** Descriptors: type, digest and size of some content, the links between an image's parts (image-spec descriptor.md). */
import { digestFault, type Digest } from './digest.ts';
import {
  child,
  type JsonPath,
  type JsonShape,
  nonEmptyString,
  objectOf,
  recordOf,
  refuse,
  string,
  integer,
  arrayOf,
} from './json-shape.ts';
import type { Platform } from './platform.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Where else the content can be had from. */
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The content itself, base64. */
  readonly data?: string;
  readonly artifactType?: string;
  /** In an index: what the manifest runs on. */
  readonly platform?: Platform;
}

const digestShape: JsonShape = (value, path) => {
  nonEmptyString(value, path);
  const fault = digestFault(value as string);
  if (fault !== undefined) refuse(path, fault);
};

const platformShape = objectOf({
  architecture: string,
  os: string,
  variant: string,
  'os.version': string,
  'os.features': arrayOf(string),
});

const shape = objectOf(
  {
    mediaType: string,
    digest: digestShape,
    size: integer(0, Number.MAX_SAFE_INTEGER),
    urls: arrayOf(string),
    annotations: recordOf(string),
    data: string,
    artifactType: string,
    platform: platformShape,
  },
  ['digest', 'size'],
);

/** A descriptor's shape; `mediaType` may be missing, as Docker's archives have it. */
export const descriptorShape: JsonShape = shape;

/** Shape of a list of them. */
export const descriptorsShape: JsonShape = (value, path: JsonPath) => {
  if (!Array.isArray(value)) refuse(path, 'must be an array');
  for (const [index, item] of value.entries()) descriptorShape(item, child(path, index));
};
