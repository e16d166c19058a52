import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import { defaultConfig, ttrpcAddress } from './config.ts';
import { parseConfig } from './config-file.ts';
import { formatConfig } from './config-text.ts';
import { formatDurationMs, parseDurationMs } from './duration.ts';

test('parseConfig reads back what formatConfig writes', () => {
  const config = { ...defaultConfig, ttrpc: { ...defaultConfig.ttrpc, address: ttrpcAddress(defaultConfig) } };
  expect(parseConfig(formatConfig(defaultConfig))).toEqual({ config, warnings: [] });
});

test('parseConfig takes a file of containerd, with a warning for each key that has no meaning here', () => {
  const { config, warnings } = parseConfig(`
    version = 2
    root = "/data"
    oom_score = -999
    [grpc]
      address = "/run/x.sock"
      gid = 7
    [debug]
      level = "debug"
    [plugins."io.containerd.gc.v1.scheduler"]
      schedule_delay = "1.5s"
      mutation_threshold = 5
    [plugins."io.containerd.grpc.v1.cri"]
      sandbox_image = "pause"
  `);
  expect(config).toMatchObject({
    root: '/data',
    state: defaultConfig.state,
    grpc: { address: '/run/x.sock', uid: 0, gid: 7 },
    log: { level: 'debug' },
    gc: { scheduleDelayMs: 1500, mutationThreshold: 5, pauseThreshold: 0.02 },
  });
  expect(ttrpcAddress(config)).toBe('/run/x.sock.ttrpc');
  expect(warnings).toEqual([
    'config key "plugins.io.containerd.grpc.v1.cri" is not supported and left out',
    'config key "oom_score" is not supported and left out',
  ]);
});

test.each([
  ['root = "/x"', 'version 1 is not supported'],
  ['version = 9', 'version 9 is not supported'],
  ['version = 3\nroot = 5', 'config key "root" must be a string'],
  ['version = 3\n[debug]\nlevel = "loud"', 'config key "debug.level" must be one of trace, debug'],
  ['version = 3\nroot =', 'cannot read config'],
  ['version = 3\n[plugins."io.containerd.gc.v1.scheduler"]\nschedule_delay = "soon"', 'cannot read duration "soon"'],
])('parseConfig refuses %j', async (text, message) => {
  const failure = await failureOf(() => parseConfig(text));
  expect(failure?.code).toBe('invalid_argument');
  expect(failure?.message).toContain(message);
});

test.each([
  ['0', 0],
  ['100ms', 100],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
])('parseDurationMs reads %s', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
  expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
});
