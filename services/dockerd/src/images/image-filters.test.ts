import { expect, test } from 'bun:test';
import { applyChanges } from './dockerfile-changes.ts';
import { parseImageConfig } from './image-config.ts';
import { booleanFilter, matchesLabels, matchesReference, parseUntil } from './image-filters.ts';
import { humanSize, layerLine } from './progress.ts';

test('filters match labels, references and times as dockerd reads them', () => {
  expect(booleanFilter(new Map([['d', ['true']]]), 'd')).toBe(true);
  expect(() => booleanFilter(new Map([['d', ['maybe']]]), 'd')).toThrow();
  expect(matchesLabels(['a', 'b=1'], { a: '', b: '1' })).toBe(true);
  expect(matchesLabels(['b=2'], { b: '1' })).toBe(false);
  expect(matchesReference('a/b:1', ['a/*'])).toBe(true);
  expect(matchesReference('a/b:1', ['a*'])).toBe(false);
  expect(parseUntil('1h30m', 10_000_000)).toBe(10_000_000 - 5_400_000);
  expect(parseUntil('2020-01-01T00:00:00Z')).toBe(Date.UTC(2020, 0, 1));
});

test('applyChanges knows the instructions that an import may use', () => {
  const config = applyChanges({ Env: ['A=0'] }, [
    'CMD echo hi',
    'ENV A=1 B="x y"',
    'ENV C rest of line',
    'ENTRYPOINT ["/e"]',
    'USER bob',
    'VOLUME /a /b',
    'STOPSIGNAL SIGINT',
    'WORKDIR sub',
  ]);
  expect(config).toEqual({
    Cmd: ['/bin/sh', '-c', 'echo hi'],
    Env: ['A=1', 'B=x y', 'C=rest of line'],
    Entrypoint: ['/e'],
    User: 'bob',
    Volumes: { '/a': {}, '/b': {} },
    StopSignal: 'SIGINT',
    WorkingDir: '/sub',
  });
  expect(() => applyChanges({}, ['FROM x'])).toThrow('FROM is not a valid change command');
});

test('parseImageConfig refuses a hostile configuration', () => {
  const parse = (value: unknown) => parseImageConfig(Buffer.from(JSON.stringify(value)), 'config');
  const rootfs = { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] };
  expect(parse({ rootfs, os: 'linux' }).rootfs.diff_ids).toHaveLength(1);
  for (const bad of [
    [],
    { rootfs: {}, config: { Env: 'x' } },
    { rootfs: { diff_ids: ['../x'] } },
    { rootfs, config: { Cmd: [1] } },
    { rootfs, config: { Labels: [] } },
  ])
    expect(() => parse(bad)).toThrow('cannot read config');
});

test('layerLine draws what the original draws', () => {
  expect(humanSize(32_768)).toBe('32.77kB');
  expect(layerLine('753a38eeb2a3', 2_129_920, 2_129_920).progress).toBe(
    '[==================================================>]   2.13MB/2.13MB',
  );
  expect(layerLine('753a38eeb2a3', 32_768, 2_129_920).progress).toBe(
    '[>                                                  ]  32.77kB/2.13MB',
  );
});
