import { expect, test } from 'bun:test';
import { splitVersion, verifyApiVersion } from './api-version.ts';

test('splitVersion takes the version off the path and keeps the query', () => {
  expect(splitVersion('/v1.47/containers/json?all=1')).toEqual({ version: '1.47', url: '/containers/json?all=1' });
  expect(splitVersion('/_ping')).toEqual({ version: '1.51', url: '/_ping' });
  expect(splitVersion('/v1.24')).toEqual({ version: '1.24', url: '/' });
  expect(splitVersion('/vabc/info').url).toBe('/vabc/info');
  expect(splitVersion('/v1.2x/info').url).toBe('/v1.2x/info');
});

test('verifyApiVersion takes 1.24 to 1.51 and names the limits otherwise', () => {
  for (const version of ['1.24', '1.43', '1.51']) verifyApiVersion(version);
  expect(() => verifyApiVersion('1.99')).toThrow(
    'client version 1.99 is too new. Maximum supported API version is 1.51',
  );
  expect(() => verifyApiVersion('1.9')).toThrow('client version 1.9 is too old. Minimum supported API version is 1.24');
  expect(() => verifyApiVersion('2.0')).toThrow('too new');
});
