import { expect, test } from 'bun:test';
import {
  choosePlatform,
  compatiblePlatforms,
  formatPlatform,
  matchesPlatform,
  normalizePlatform,
  parsePlatform,
} from './platform.ts';

test.each([
  ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
  ['linux/x86_64', { os: 'linux', architecture: 'amd64' }],
  ['Linux/AMD64/v1', { os: 'linux', architecture: 'amd64' }],
  ['linux/aarch64', { os: 'linux', architecture: 'arm64' }],
  ['linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' }],
  ['linux/arm', { os: 'linux', architecture: 'arm' }],
  ['linux/arm/v6', { os: 'linux', architecture: 'arm', variant: 'v6' }],
  ['linux/armhf', { os: 'linux', architecture: 'arm' }],
  ['armel', { os: 'linux', architecture: 'arm', variant: 'v6' }],
  ['arm64', { os: 'linux', architecture: 'arm64' }],
  ['i386', { os: 'linux', architecture: '386' }],
  ['macos/arm64', { os: 'darwin', architecture: 'arm64' }],
  ['windows(10.0.17763)/amd64', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763' }],
  ['linux(+erofs)/amd64', { os: 'linux', architecture: 'amd64', 'os.features': ['erofs'] }],
])('parsePlatform reads %s', (text, platform) => {
  expect(parsePlatform(text)).toEqual(platform);
});

test.each(['', '*', 'linux/&', 'linux/arm/foo/bar', 'what', 'linux/arm/v7/x', '/', 'linux/'])(
  'parsePlatform refuses "%s"',
  (text) => {
    expect(() => parsePlatform(text)).toThrow();
  },
);

test('formatPlatform leaves out what is not there', () => {
  expect(formatPlatform(parsePlatform('linux/arm/v6'))).toBe('linux/arm/v6');
  expect(formatPlatform(parsePlatform('linux/amd64'))).toBe('linux/amd64');
  expect(formatPlatform({ os: '', architecture: 'amd64' })).toBe('unknown');
});

test('matchesPlatform looks through spellings, not through variants', () => {
  expect(
    matchesPlatform({ os: 'linux', architecture: 'aarch64' }, { os: 'linux', architecture: 'arm64', variant: 'v8' }),
  ).toBe(true);
  expect(
    matchesPlatform({ os: 'linux', architecture: 'arm' }, { os: 'linux', architecture: 'arm', variant: 'v7' }),
  ).toBe(true);
  expect(
    matchesPlatform({ os: 'linux', architecture: 'arm' }, { os: 'linux', architecture: 'arm', variant: 'v6' }),
  ).toBe(false);
  expect(normalizePlatform({ os: 'linux', architecture: 'x86-64' })).toEqual({ os: 'linux', architecture: 'amd64' });
});

test('compatiblePlatforms lists what else runs, the best first', () => {
  const spelled = (text: string): string[] => compatiblePlatforms(parsePlatform(text)).map(formatPlatform);
  expect(spelled('linux/amd64')).toEqual(['linux/amd64', 'linux/386']);
  expect(spelled('linux/amd64/v3')).toEqual(
    ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64', 'linux/386'].map((p) =>
      p === 'linux/amd64' ? 'linux/amd64/v1' : p,
    ),
  );
  expect(spelled('linux/arm/v7')).toEqual(['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5']);
  expect(spelled('linux/arm64')).toEqual([
    'linux/arm64/v8',
    'linux/arm/v8',
    'linux/arm/v7',
    'linux/arm/v6',
    'linux/arm/v5',
  ]);
  expect(spelled('linux/arm64/v9').slice(0, 4)).toEqual([
    'linux/arm64/v9',
    'linux/arm64/v8.5',
    'linux/arm64/v8.4',
    'linux/arm64/v8.3',
  ]);
  expect(spelled('linux/riscv64')).toEqual(['linux/riscv64']);
});

test('choosePlatform takes the best that there is', () => {
  const choose = (wanted: string, offered: string[], strict?: boolean): string | undefined =>
    choosePlatform(offered, parsePlatform(wanted), parsePlatform, strict);
  expect(choose('linux/amd64', ['linux/386', 'linux/amd64'])).toBe('linux/amd64');
  expect(choose('linux/amd64', ['linux/386', 'linux/arm64'])).toBe('linux/386');
  expect(choose('linux/amd64', ['linux/386', 'linux/arm64'], true)).toBeUndefined();
  expect(choose('linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'])).toBe('linux/arm64/v8');
});
