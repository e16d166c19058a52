/** Identifiers as containerd's pkg/identifiers has them: safe as components of paths, so that names can become directories. */
import { invalidArgument } from '@docker-ts/base/errors';

const pattern = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;
const maxLength = 76;

/** `identifier` is checked; `prefix` goes in front of the text (`container.ID: `). @throws invalid_argument. */
export function checkIdentifier(identifier: string, prefix = ''): void {
  const fail = (state: string): never => {
    throw invalidArgument(`${prefix}identifier ${state}: invalid argument`);
  };
  if (identifier === '') fail('must not be empty');
  if (Buffer.byteLength(identifier) > maxLength) {
    fail(`${JSON.stringify(identifier)} greater than maximum length (${maxLength} characters)`);
  }
  if (!pattern.test(identifier)) fail(`${JSON.stringify(identifier)} must match ${pattern.source}`);
}
