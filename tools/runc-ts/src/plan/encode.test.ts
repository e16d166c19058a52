import { expect, test } from 'bun:test';
import { encodePlan } from './encode.ts';
import { Plan } from './plan.ts';

test('encodePlan frames every step by operation and length', () => {
  const plan = new Plan();
  plan.add('setsid', {}, 'start a session');
  plan.add('rlimit', { resource: 7, soft: 2n ** 64n - 1n, hard: 5n }, 'limit');
  const bytes = Buffer.from(encodePlan(plan.steps));
  expect(bytes.toString('latin1', 0, 4)).toBe('RTSP');
  expect(bytes.readUInt16LE(6)).toBe(2);
  expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
  expect(bytes.readUInt16LE(12)).toBe(4);
  expect(bytes.readUInt32LE(16)).toBe(0);
  expect(bytes.readUInt32LE(24)).toBe(20);
  expect(bytes.readBigUInt64LE(32)).toBe(2n ** 64n - 1n);
});

test('encodePlan carries texts beyond 64 KiB whole', () => {
  const plan = new Plan();
  const text = 'é'.repeat(70_000);
  plan.add('exec', { argv: [text], env: [] }, 'exec');
  const bytes = Buffer.from(encodePlan(plan.steps));
  expect(bytes.readUInt32LE(24)).toBe(140_000);
  expect(bytes.toString('utf8', 28, 28 + 140_000)).toBe(text);
  expect(bytes[28 + 140_000]).toBe(0);
});

test('encodePlan refuses a text with NUL and names its field', () => {
  const plan = new Plan();
  plan.add('hostname', { name: 'a\0b' }, 'set hostname', 'hostname');
  expect(() => encodePlan(plan.steps)).toThrow('cannot set hostname: hostname contains NUL');
});
