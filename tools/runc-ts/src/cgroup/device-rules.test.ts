import { expect, test } from 'bun:test';
import type { LinuxDeviceCgroup } from '@docker-ts/oci/runtime-spec';
import { defaultDeviceRules } from './default-devices.ts';
import { DeviceRules, spellDevice } from './device-rules.ts';

const rule = (allow: boolean, type: string, major: number, minor: number, access: string): LinuxDeviceCgroup => ({
  allow,
  type,
  major,
  minor,
  access,
});
const denyAll: LinuxDeviceCgroup = { allow: false, access: 'rwm' };
const allowAll: LinuxDeviceCgroup = { allow: true, access: 'rwm' };
const spell = (set: DeviceRules): string[] =>
  set.exceptions().map((exception) => spellDevice(exception, exception.access));

test('DeviceRules denies by default, also where the list does not begin with a denial (GHSA-g54h-m393-cpwq)', () => {
  const set = DeviceRules.of([rule(true, 'c', 1, 3, 'rwm')]);
  expect(set.allowByDefault).toBe(false);
  expect(spell(set)).toEqual(['c 1:3 rwm']);
});

test('DeviceRules merges modes, and takes them away again', () => {
  const rules = [denyAll, rule(true, 'c', 1, 3, 'm'), rule(true, 'c', 1, 3, 'r'), rule(true, 'b', 8, 0, 'rwm')];
  expect(spell(DeviceRules.of(rules))).toEqual(['c 1:3 rm', 'b 8:0 rwm']);
  expect(spell(DeviceRules.of([...rules, rule(false, 'b', 8, 0, 'w')]))).toEqual(['c 1:3 rm', 'b 8:0 rm']);
  expect(spell(DeviceRules.of([...rules, rule(false, 'b', 8, 0, 'rwm')]))).toEqual(['c 1:3 rm']);
});

test('DeviceRules forgets everything at a rule for all devices', () => {
  expect(spell(DeviceRules.of([rule(true, 'c', 1, 3, 'rwm'), denyAll]))).toEqual([]);
  const privileged = DeviceRules.of([denyAll, allowAll, ...defaultDeviceRules]);
  expect([privileged.allowByDefault, privileged.exceptions()]).toEqual([true, []]);
});

test('DeviceRules refuses to punch a hole into a wildcard, which cgroup v1 would silently not do', () => {
  expect(() => DeviceRules.of([rule(true, 'c', 10, -1, 'rwm'), rule(false, 'c', 10, 5, 'w')])).toThrow(
    'cannot use device rule "c 10:5 w": it cannot be taken out of the earlier rule "c 10:* rwm"',
  );
  expect(() => DeviceRules.of([rule(true, 'c', 10, -1, 'r'), rule(false, 'c', 10, 5, 'w')])).not.toThrow();
});

test('DeviceRules.parse reads devices.list', () => {
  expect(DeviceRules.parse('a *:* rwm\n').allowByDefault).toBe(true);
  expect(spell(DeviceRules.parse('c 136:* rwm\nb *:* m\n'))).toEqual(['b *:* m', 'c 136:* rwm']);
});

test('transitionTo starts afresh from a cgroup that allows by default', () => {
  const from = DeviceRules.parse('a *:* rwm\n');
  expect(from.transitionTo(DeviceRules.of([rule(true, 'c', 1, 3, 'rw')]))).toEqual([
    { file: 'devices.deny', value: 'a' },
    { file: 'devices.allow', value: 'c 1:3 rw' },
  ]);
});

test('transitionTo writes differences only, so that nothing in use is taken away for a moment', () => {
  const from = DeviceRules.parse('c 1:3 rwm\nc 1:5 rwm\n');
  const to = DeviceRules.of([rule(true, 'c', 1, 3, 'rwm'), rule(true, 'c', 1, 5, 'r'), rule(true, 'c', 5, 0, 'rw')]);
  expect(from.transitionTo(to)).toEqual([
    { file: 'devices.deny', value: 'c 1:5 wm' },
    { file: 'devices.allow', value: 'c 5:0 rw' },
  ]);
  expect(to.transitionTo(to)).toEqual([]);
});

test('transitionTo opens everything and then closes what is denied', () => {
  const to = DeviceRules.of([allowAll, rule(false, 'c', 1, 11, 'w')]);
  expect(new DeviceRules().transitionTo(to)).toEqual([
    { file: 'devices.allow', value: 'a' },
    { file: 'devices.deny', value: 'c 1:11 w' },
  ]);
});
