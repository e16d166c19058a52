/**
 * The form of namespaces and topics (containerd's pkg/identifiers): a topic is an absolute path of identifiers, and an identifier
 * is letters and digits joined by single separators, at most 76 bytes long.
 */
import { invalidArgument } from '@docker-ts/base/errors';

const identifier = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;
const maxIdentifierBytes = 76;

function checkIdentifier(value: string, subject: string): void {
  if (value === '') throw invalidArgument(`${subject}: identifier must not be empty: invalid argument`);
  if (value.length > maxIdentifierBytes) {
    throw invalidArgument(
      `${subject}: identifier ${JSON.stringify(value)} greater than maximum length (${maxIdentifierBytes} characters): invalid argument`,
    );
  }
  if (!identifier.test(value)) {
    throw invalidArgument(
      `${subject}: identifier ${JSON.stringify(value)} must match pattern ${identifier.source}: invalid argument`,
    );
  }
}

/** @throws invalid_argument if `topic` is not an absolute path of identifiers. */
export function checkTopic(topic: string): void {
  const subject = `envelope topic ${JSON.stringify(topic)}`;
  if (topic === '') throw invalidArgument(`${subject}: must not be empty: invalid argument`);
  if (!topic.startsWith('/')) throw invalidArgument(`${subject}: must start with '/': invalid argument`);
  if (topic.length === 1) throw invalidArgument(`${subject}: must have at least one component: invalid argument`);
  for (const component of topic.slice(1).split('/')) {
    checkIdentifier(component, `${subject}: failed validation on component ${JSON.stringify(component)}`);
  }
}

/** @throws invalid_argument if `namespace` is not an identifier. */
export function checkEventNamespace(namespace: string): void {
  checkIdentifier(namespace, 'event envelope has invalid namespace');
}
