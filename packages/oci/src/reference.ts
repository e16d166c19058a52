/**
 * Image references, as github.com/distribution/reference reads them: grammar, short forms and error texts.
 *
 *     reference := name [":" tag] ["@" digest]        name := [domain "/"] path
 *
 * *Familiar* is what people write and read: `busybox`; *normalized* is what is stored: `docker.io/library/busybox:latest`.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { type Digest, parseDigest } from './digest.ts';

export interface Reference {
  /** Registry host, with a port if there is one. */
  readonly domain: string;
  /** Repository within the registry, `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const hub = 'docker.io';
const legacyHub = 'index.docker.io';
const official = 'library/';
const nameLengthMax = 255;
/** Longer ones are refused before any pattern looks at them. */
const referenceLengthMax = 4096;

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const path = `${component}(?:/${component})*`;
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const referencePattern = new RegExp(`^((?:${domain}/)?${path})(?::(${tag}))?(?:@(${digest}))?$`);
const namePattern = new RegExp(`^(?:(${domain})/)?(${path})$`);
const tagPattern = new RegExp(`^${tag}$`);

/** 64 hexadecimal digits: would be mistaken for an id. */
const identifierPattern = /^[a-f0-9]{64}$/;

const faults = {
  format: 'invalid reference format',
  tag: 'invalid tag format',
  uppercase: 'repository name must be lowercase',
  empty: 'repository name must have at least one component',
  long: `repository name must not be more than ${nameLengthMax} characters`,
  canonical: 'repository name must be canonical',
} as const;

/** Reads a full reference: the domain is what is written, none is added. invalid_argument with the original's text. */
export function parseFullReference(text: string): Reference {
  if (text === '') throw invalidArgument(faults.empty);
  const match = text.length > referenceLengthMax ? null : referencePattern.exec(text);
  if (match === null) {
    const lower = text.toLowerCase();
    if (lower !== text && text.length <= referenceLengthMax && referencePattern.test(lower))
      throw invalidArgument(faults.uppercase);
    throw invalidArgument(faults.format);
  }
  const [, name = '', foundTag, foundDigest] = match;
  const [, foundDomain = '', foundPath = name] = namePattern.exec(name) ?? [];
  if (foundPath.length > nameLengthMax) throw invalidArgument(faults.long);
  return {
    domain: foundDomain,
    path: foundPath,
    ...(foundTag === undefined ? {} : { tag: foundTag }),
    ...(foundDigest === undefined ? {} : { digest: parseDigest(foundDigest) }),
  };
}

/**
 * A first component is a domain if it could be nothing else: `localhost`, one with a dot or a port, or with capitals (paths have
 * none). All other names are Docker Hub's.
 */
function splitDomain(text: string): [domain: string, rest: string] {
  const slash = text.indexOf('/');
  if (slash < 0) return [hub, official + text];
  const [first, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  if (!isDomain) return [hub, text];
  if (first !== hub && first !== legacyHub) return [first, rest];
  return [hub, rest.includes('/') ? rest : official + rest];
}

/** Reads what people write: `busybox` is `docker.io/library/busybox`. No tag is added. invalid_argument with the original's text. */
export function parseReference(text: string): Reference {
  if (identifierPattern.test(text))
    throw invalidArgument(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const [foundDomain, rest] = splitDomain(text);
  const colon = rest.indexOf(':');
  const remote = colon < 0 ? rest : rest.slice(0, colon);
  if (remote.toLowerCase() !== remote)
    throw invalidArgument(`${faults.format}: repository name (${remote}) must be lowercase`);
  return parseFullReference(`${foundDomain}/${rest}`);
}

/** Reads a reference that must be written out in full, as an image store keeps it. */
export function parseNormalizedReference(text: string): Reference {
  const reference = parseReference(text);
  if (formatReference(reference) !== text) throw invalidArgument(faults.canonical);
  return reference;
}

/** `domain/path`. */
export function repositoryOf({ domain: host, path: repository }: Reference): string {
  return host === '' ? repository : `${host}/${repository}`;
}

/** The reference written out: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  const suffix = reference.tag === undefined ? '' : `:${reference.tag}`;
  return `${repositoryOf(reference)}${suffix}${reference.digest === undefined ? '' : `@${reference.digest}`}`;
}

/** With tag `latest` if it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** The same repository under another tag; the digest stays. invalid_argument: `invalid tag format`. */
export function withTag(reference: Reference, newTag: string): Reference {
  if (!tagPattern.test(newTag)) throw invalidArgument(faults.tag);
  return { ...reference, tag: newTag };
}

/** The same repository and tag at this digest. */
export function withDigest(reference: Reference, newDigest: Digest): Reference {
  return { ...reference, digest: newDigest };
}

/** The repository alone. */
export function withoutTagAndDigest({ domain: host, path: repository }: Reference): Reference {
  return { domain: host, path: repository };
}

/** The name as `docker` commands of all clients mean it: tag dropped beside a digest, `latest` if there is neither. */
export function parseDockerReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) return withDigest(withoutTagAndDigest(reference), reference.digest);
  return withDefaultTag(reference);
}

/** `busybox` for `docker.io/library/busybox`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== hub) return repositoryOf(reference);
  const short = reference.path.slice(official.length);
  return reference.path.startsWith(official) && !short.includes('/') ? short : reference.path;
}

/** `busybox:latest` for `docker.io/library/busybox:latest`. */
export function familiarReference(reference: Reference): string {
  return formatReference({ ...reference, domain: '', path: familiarName(reference) });
}
