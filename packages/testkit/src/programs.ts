/** Where the programs under test are: ours from `dist/`, or the originals for `--against upstream`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { notFound } from '@docker-ts/base/errors';

export interface Programs {
  readonly flavour: 'ours' | 'upstream';
  readonly dockerd: string;
  readonly containerd: string;
  /** Runtime executable, for standalone use. */
  readonly runc: string;
}

export const repositoryRoot = resolve(import.meta.dir, '../../..');

function find(name: string, variable: string): string {
  const path = process.env[variable] ?? Bun.which(name);
  if (path === null || !existsSync(path))
    throw notFound(`cannot find program "${name}": set ${variable} or install it`);
  return path;
}

/** The executables that `pnpm build` made. */
export function ourPrograms(): Programs {
  const dist = resolve(process.env['DOCKER_TS_DIST'] ?? `${repositoryRoot}/dist`);
  if (!existsSync(`${dist}/dockerd-ts`))
    throw notFound(`cannot find program "${dist}/dockerd-ts": build first (pnpm build)`);
  return {
    flavour: 'ours',
    dockerd: `${dist}/dockerd-ts`,
    containerd: `${dist}/containerd-ts`,
    runc: `${dist}/runc-ts`,
  };
}

/** The originals: from PATH, or named by UPSTREAM_DOCKERD, UPSTREAM_CONTAINERD and UPSTREAM_RUNC. */
export function upstreamPrograms(): Programs {
  return {
    flavour: 'upstream',
    dockerd: find('dockerd', 'UPSTREAM_DOCKERD'),
    containerd: find('containerd', 'UPSTREAM_CONTAINERD'),
    runc: find('runc', 'UPSTREAM_RUNC'),
  };
}

/** `DOCKER_TS_AGAINST=upstream` runs the same cases against the originals, so that a wrong test shows. */
export function programsUnderTest(): Programs {
  return process.env['DOCKER_TS_AGAINST'] === 'upstream' ? upstreamPrograms() : ourPrograms();
}
