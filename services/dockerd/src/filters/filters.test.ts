import { expect, test } from 'bun:test';
import { matchesAny, matchesLabels, parseFilters } from './filters.ts';

test('parseFilters reads both forms that clients send', () => {
  expect(parseFilters('{"status":{"exited":true,"dead":false}}', ['status']).get('status')).toEqual(['exited']);
  expect(parseFilters('{"status":["exited","dead"]}', ['status']).get('status')).toEqual(['exited', 'dead']);
  expect(parseFilters('', []).size).toBe(0);
});

test('parseFilters refuses what is no filter or has an unknown name', () => {
  for (const text of ['x', '[]', '7', 'null', '{"status":7}'])
    expect(() => parseFilters(text, ['status'])).toThrow('invalid filter');
  expect(() => parseFilters('{"foo":["a"]}', ['status'])).toThrow("invalid filter 'foo'");
});

test('matchesAny takes alternatives, matchesLabels wants all', () => {
  const filters = parseFilters('{"name":["a","b"],"label":["x","y=1"]}', ['name', 'label']);
  expect(matchesAny(filters, 'name', (value) => value === 'b')).toBe(true);
  expect(matchesAny(filters, 'name', () => false)).toBe(false);
  expect(matchesAny(filters, 'absent', () => false)).toBe(true);
  expect(matchesLabels(filters, { x: '', y: '1' })).toBe(true);
  expect(matchesLabels(filters, { x: '', y: '2' })).toBe(false);
  expect(matchesLabels(filters, { y: '1' })).toBe(false);
});
