/** The `platform` parameter: `linux`, `linux/arm64`, `linux/arm/v7`. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { ImagePlatform } from '../containers/ports.ts';

const architectureByNode: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The machine's own architecture in the words of OCI images. */
export const hostArchitecture = architectureByNode[process.arch] ?? process.arch;

export function parsePlatform(text: string): ImagePlatform | undefined {
  if (text === '') return undefined;
  const [os = '', architecture = hostArchitecture, variant, ...more] = text.toLowerCase().split('/');
  if (more.length > 0 || !/^[a-z0-9_-]+$/.test(os) || architecture === '')
    throw invalidArgument(
      `"${text}" is an invalid OS component of "${text}": OSAndVersion specifier component must match`,
    );
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
