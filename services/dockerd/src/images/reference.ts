/**
 * Image names as people write them and as containerd stores them (github.com/distribution/reference):
 *
 *     reference := [domain "/"] path [":" tag] ["@" digest]        busybox  →  docker.io/library/busybox:latest
 *
 * *Familiar* is the short form that the CLI shows, *full* the one in containerd's image store.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export interface Reference {
  /** With domain and, on Docker Hub, `library/`: `docker.io/library/busybox`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`. */
  readonly digest?: string;
}

const hub = 'docker.io';
const nameMaxLength = 255;
const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${part}(?:/${part})*$`);
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

const malformed = (): Error => invalidArgument('invalid reference format');

/** A first part with a dot or a port, or `localhost`, or with capitals, is a domain; everything else lies on Docker Hub. */
function splitDomain(name: string): [domain: string, path: string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  if (slash < 0 || (!/[.:]/.test(first) && first !== 'localhost' && first.toLowerCase() === first)) {
    return [hub, name.includes('/') ? name : `library/${name}`];
  }
  const domain = first === 'index.docker.io' ? hub : first;
  const rest = name.slice(slash + 1);
  return [domain, domain === hub && !rest.includes('/') ? `library/${rest}` : rest];
}

/** Parses what a person wrote; invalid_argument otherwise. No tag is added: see `withDefaultTag`. */
export function parseReference(text: string): Reference {
  if (/^[0-9a-f]{64}$/.test(text))
    throw invalidArgument(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const [domain, path] = splitDomain(hasTag ? named.slice(0, colon) : named);
  if (path.toLowerCase() !== path && pathPattern.test(path.toLowerCase()))
    throw invalidArgument(`invalid reference format: repository name (${path}) must be lowercase`);
  if (!pathPattern.test(path) || !domainPattern.test(domain)) throw malformed();
  if ((tag !== undefined && !tagPattern.test(tag)) || (digest !== undefined && !digestPattern.test(digest)))
    throw malformed();
  const repository = `${domain}/${path}`;
  if (repository.length > nameMaxLength)
    throw invalidArgument(
      `invalid reference format: repository name must not be more than ${nameMaxLength} characters`,
    );
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** `latest` for a reference that names neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** The name in containerd's image store. */
export function fullName({ repository, tag, digest }: Reference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The short form: without `docker.io/` and `library/`. */
export function familiarName(reference: Reference): string {
  const repository = reference.repository.replace(/^docker\.io\//, '').replace(/^library\//, '');
  return fullName({ ...reference, repository });
}

/** The reference behind a name in containerd's store; `undefined` for names that are none (dangling images, other clients'). */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
