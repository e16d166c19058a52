/** Labels: what every object of the metadata may carry (containerd pkg/labels). */
import { invalidArgument } from '@docker-ts/base/errors';

export type Labels = Readonly<Record<string, string>>;

/** Bytes of key and value together. */
const maxBytes = 4096;
const shownKeyLength = 64;

/** `subject` goes in front of the text (`image.Labels`). @throws invalid_argument for a label that is too long. */
export function checkLabels(labels: Labels, subject: string): void {
  for (const [key, value] of Object.entries(labels)) checkLabel(key, value, subject);
}

export function checkLabel(key: string, value: string, subject: string): void {
  const size = Buffer.byteLength(key) + Buffer.byteLength(value);
  if (size <= maxBytes) return;
  throw invalidArgument(
    `${subject}: label key and value length (${size} bytes) greater than maximum size (${maxBytes} bytes), key: ${key.slice(0, shownKeyLength)}: invalid argument`,
  );
}

/**
 * `labels.<key>` of an update's field mask: the key is set to the wanted value, which is '' if the request has none.
 * Any other path is not ours: undefined.
 */
export function applyMapPath(field: string, path: string, current: Labels, wanted: Labels): Labels | undefined {
  if (!path.startsWith(`${field}.`)) return undefined;
  const key = path.slice(field.length + 1);
  return { ...current, [key]: wanted[key] ?? '' };
}
