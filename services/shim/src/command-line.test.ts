import { describe, expect, test } from 'bun:test';
import { parseCommandLine } from './command-line.ts';

describe('parseCommandLine', () => {
  test('reads what daemons write, with one dash or two, and with or without =', () => {
    const flags = parseCommandLine([
      '-namespace',
      'ns',
      '--address=/c.sock',
      '-id',
      '-x',
      '-bundle=/b',
      '-debug',
      'start',
      'rest',
    ]);
    expect(flags).toMatchObject({
      namespace: 'ns',
      address: '/c.sock',
      id: '-x',
      bundle: '/b',
      debug: true,
      verb: 'start',
    });
    expect(parseCommandLine(['-v'])).toMatchObject({ version: true, verb: '' });
  });

  test('refuses what it does not know', () => {
    expect(() => parseCommandLine(['-new-flag', 'start'])).toThrow('flag provided but not defined: -new-flag');
    expect(() => parseCommandLine(['-id'])).toThrow('flag needs an argument: -id');
  });
});
