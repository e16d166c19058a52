import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareSocketDirectory, socketPath } from './socket-address.ts';

describe('socketPath', () => {
  test.each(['/run/c.sock', '/run//x/../c.sock', '/run/./c.sock', 'c.sock', '../c.sock', '/../c.sock', ''])(
    'names the socket of a daemon at %p as the Go shim does',
    (grpcAddress) => {
      const name = createHash('sha256')
        .update(join(grpcAddress, 'ns', 'id'))
        .digest('hex');
      expect(socketPath({ directory: undefined, grpcAddress, namespace: 'ns', group: 'id' })).toBe(
        `/run/containerd/s/${name}`,
      );
    },
  );

  test('refuses a folder too deep for sun_path', () => {
    const directory = `/${'d'.repeat(60)}`;
    expect(() => socketPath({ directory, grpcAddress: '/c', namespace: 'ns', group: 'id' })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
  });
});

test('prepareSocketDirectory makes the folder with those above it, for root alone, and takes one that is there', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'docker-ts-socket-'));
  try {
    const directory = join(scratch, 'a', 'b', 's');
    prepareSocketDirectory(directory);
    prepareSocketDirectory(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
