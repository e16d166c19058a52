import { expect, test } from 'bun:test';
import {
  capabilityMask,
  capabilityName,
  capabilityNames,
  capabilityNumber,
  normalizeCapability,
} from './capabilities.ts';
import { defaultCapabilities } from './default-capabilities.ts';

test('capabilityNumber knows the kernel numbers', () => {
  expect(capabilityNames).toHaveLength(41);
  expect(capabilityNumber('CAP_CHOWN')).toBe(0);
  expect(capabilityNumber('CAP_SYS_ADMIN')).toBe(21);
  expect(capabilityNumber('CAP_CHECKPOINT_RESTORE')).toBe(40);
  expect(capabilityNumber('CAP_FLY')).toBeUndefined();
  expect(capabilityName(7)).toBe('CAP_SETUID');
});

test('capabilityMask of the default set is what Docker containers show in CapEff', () => {
  expect(capabilityMask(defaultCapabilities).toString(16)).toBe('a80425fb');
});

test('capabilityMask tells of names that it leaves out', () => {
  const unknown: string[] = [];
  expect(capabilityMask(['CAP_KILL', 'CAP_FLY'], (name) => unknown.push(name))).toBe(1n << 5n);
  expect(unknown).toEqual(['CAP_FLY']);
});

test('normalizeCapability takes all the spellings of --cap-add', () => {
  for (const name of ['net_admin', 'NET_ADMIN', 'cap_net_admin', 'CAP_NET_ADMIN'])
    expect(normalizeCapability(name)).toBe('CAP_NET_ADMIN');
  expect(normalizeCapability('ALL')).toBeUndefined();
});
