import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostConfig } from './container-config.ts';
import { parseMountPoints, prepareMountSources } from './mount-points.ts';

const refusal = (hostConfig: HostConfig): string => {
  try {
    parseMountPoints(hostConfig);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test('parseMountPoints reads binds with their modes', () => {
  const [point] = parseMountPoints({ Binds: ['/a/../b/:/c/:ro,rslave,z'] });
  expect(point).toMatchObject({
    source: '/b',
    destination: '/c',
    writable: false,
    propagation: 'rslave',
    mode: 'ro,rslave,z',
  });
});

test.each([
  [{ Binds: ['/x'] }, 'anonymous volumes are not supported yet'],
  [
    { Binds: ['/x:/'] },
    `invalid volume specification: '/x:/': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
  ],
  [
    { Binds: ['/x:y'] },
    `invalid volume specification: '/x:y': invalid mount config for type "bind": invalid mount path: 'y' mount path must be absolute`,
  ],
  [{ Binds: ['/x:/y:zz'] }, 'invalid mode: zz'],
  [{ Binds: ['/x:/y:ro,rw'] }, 'invalid mode: ro,rw'],
  [{ Binds: ['/x:/y:ro:z'] }, `invalid volume specification: '/x:/y:ro:z'`],
  [{ Binds: ['/x:ro'] }, `invalid volume specification: '/x:ro'`],
  [{ Binds: ['name:/y'] }, 'cannot use volume "name": volumes are not supported yet'],
  [{ Binds: ['/x:/y', '/z:/y'] }, 'Duplicate mount point: /y'],
  [{ Binds: ['/x:/y'], Tmpfs: { '/y': '' } }, 'Duplicate mount point: /y'],
  [
    { Mounts: [{ Type: 'bind', Source: '/nosuch/path', Target: '/y' }] },
    'invalid mount config for type "bind": bind source path does not exist: /nosuch/path',
  ],
  [
    { Mounts: [{ Type: 'bind', Source: '', Target: '/y' }] },
    'invalid mount config for type "bind": field Source must not be empty',
  ],
  [
    { Mounts: [{ Type: 'bind', Source: '/tmp', Target: '' }] },
    'invalid mount config for type "bind": field Target must not be empty',
  ],
  [
    { Mounts: [{ Type: 'tmpfs', Source: 'x', Target: '/y' }] },
    'invalid mount config for type "tmpfs": field Source must not be specified',
  ],
  [
    { Mounts: [{ Type: 'tmpfs', Target: '/y', BindOptions: {} }] },
    'invalid mount config for type "tmpfs": field BindOptions must not be specified',
  ],
  [{ Mounts: [{ Type: 'npipe', Target: '/y' }] }, 'invalid mount config for type "npipe": mount type unknown'],
] as [HostConfig, string][])('parseMountPoints refuses %j', (hostConfig, message) => {
  expect(refusal(hostConfig)).toBe(message);
});

test('prepareMountSources makes a missing folder for -v, never for --mount', () => {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-mounts-'));
  const source = join(folder, 'a/b');
  prepareMountSources(parseMountPoints({ Binds: [`${source}:/x`] }));
  expect(existsSync(source)).toBe(true);
  const points = parseMountPoints({ Mounts: [{ Type: 'bind', Source: source, Target: '/x' }] });
  rmSync(folder, { recursive: true });
  expect(() => prepareMountSources(points)).toThrow('bind source path does not exist');
});
