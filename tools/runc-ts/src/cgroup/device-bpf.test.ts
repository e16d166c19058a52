import { expect, test } from 'bun:test';
import type { LinuxDeviceCgroup } from '@docker-ts/oci/runtime-spec';
import * as fc from 'fast-check';
import { defaultDeviceRules } from './default-devices.ts';
import { compileDeviceFilter } from './device-bpf.ts';
import { DeviceRules } from './device-rules.ts';
import { allows } from './testing/ebpf-interpreter.ts';

const filterOf = (rules: readonly LinuxDeviceCgroup[]): Uint8Array => compileDeviceFilter(DeviceRules.of(rules));

test('compileDeviceFilter lets the default devices through and nothing else', () => {
  const filter = filterOf([{ allow: false, access: 'rwm' }, ...defaultDeviceRules]);
  expect(allows(filter, { type: 'c', access: 'rw', major: 1, minor: 3 })).toBe(true);
  expect(allows(filter, { type: 'c', access: 'rw', major: 136, minor: 77 })).toBe(true);
  expect(allows(filter, { type: 'b', access: 'm', major: 8, minor: 0 })).toBe(true);
  expect(allows(filter, { type: 'b', access: 'r', major: 8, minor: 0 })).toBe(false);
  expect(allows(filter, { type: 'c', access: 'r', major: 1, minor: 1 })).toBe(false);
  expect(allows(filter, { type: 'b', access: 'r', major: 1, minor: 3 })).toBe(false);
});

test('compileDeviceFilter wants all modes of an access to be allowed', () => {
  const filter = filterOf([{ allow: true, type: 'c', major: 10, minor: 229, access: 'r' }]);
  expect(allows(filter, { type: 'c', access: 'r', major: 10, minor: 229 })).toBe(true);
  expect(allows(filter, { type: 'c', access: 'rw', major: 10, minor: 229 })).toBe(false);
});

test('compileDeviceFilter of a privileged container allows everything, but for what is denied', () => {
  const filter = filterOf([
    { allow: true, access: 'rwm' },
    { allow: false, type: 'c', major: 1, minor: 11, access: 'w' },
  ]);
  expect(allows(filter, { type: 'b', access: 'rwm', major: 8, minor: 0 })).toBe(true);
  expect(allows(filter, { type: 'c', access: 'r', major: 1, minor: 11 })).toBe(true);
  expect(allows(filter, { type: 'c', access: 'rw', major: 1, minor: 11 })).toBe(false);
});

const number = fc.constantFrom(-1, 0, 1, 8);
const rules = fc.array(
  fc.record({
    allow: fc.boolean(),
    type: fc.constantFrom('a', 'b', 'c'),
    major: number,
    minor: number,
    access: fc.constantFrom('r', 'w', 'm', 'rw', 'rwm'),
  }),
);

/** What the rules say, word for word: the last default, and whether an exception covers (or touches) the access. */
function expected(set: DeviceRules, type: string, access: string, major: number, minor: number): boolean {
  const relevant = set
    .exceptions()
    .filter((e) => e.type === type && [-1, major].includes(e.major) && [-1, minor].includes(e.minor));
  const modes = access.split('');
  return set.allowByDefault
    ? !relevant.some((e) => modes.some((mode) => e.access.includes(mode)))
    : relevant.some((e) => modes.every((mode) => e.access.includes(mode)));
}

test('compileDeviceFilter decides as the rules say, for all rules', () => {
  fc.assert(
    fc.property(rules, (list) => {
      let set: DeviceRules;
      try {
        set = DeviceRules.of(list);
      } catch {
        return;
      }
      const filter = compileDeviceFilter(set);
      for (const type of ['b', 'c'] as const)
        for (const access of ['r', 'w', 'm', 'rw'])
          for (const [major, minor] of [
            [0, 0],
            [1, 8],
            [8, 1],
            [9, 9],
          ] as const)
            expect(allows(filter, { type, access, major, minor })).toBe(expected(set, type, access, major, minor));
    }),
  );
});
