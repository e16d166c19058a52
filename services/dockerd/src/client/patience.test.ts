import { describe, expect, test } from 'bun:test';
import { unavailable } from '@docker-ts/base/errors';
import { VersionDefinition } from '@docker-ts/rpc/gen/containerd/services/version/v1/version';
import { patient } from './patience.ts';

const answer = { version: '1', revision: '' };
const noConnection = unavailable('No connection established. Last error: ECONNREFUSED');

describe('patient', () => {
  test('patient makes a call that was never sent once more', async () => {
    let calls = 0;
    const version = () => ((calls += 1) === 1 ? Promise.reject(noConnection) : Promise.resolve(answer));
    const client = patient({ version }, VersionDefinition, () => Promise.resolve());
    expect(await client.version({})).toEqual(answer);
    expect(calls).toBe(2);
  });

  test('patient never repeats a call that may have been carried out', () => {
    let calls = 0;
    const version = () => {
      calls += 1;
      return Promise.reject(unavailable('Connection dropped'));
    };
    expect(patient({ version }, VersionDefinition, () => Promise.resolve()).version({})).rejects.toThrow('dropped');
    expect(calls).toBe(1);
  });

  test('patient tells the first failure if the server stays away', () => {
    const client = patient({ version: () => Promise.reject(noConnection) }, VersionDefinition, () =>
      Promise.reject(new Error('no connection after 1500 ms')),
    );
    expect(client.version({})).rejects.toThrow('ECONNREFUSED');
  });
});
