import { expect, test } from 'bun:test';
import { type Option, parseArguments } from './arguments.ts';

const table: readonly Option[] = [
  { names: ['bundle', 'b'], kind: 'value', about: '' },
  { names: ['detach', 'd'], kind: 'flag', about: '' },
  { names: ['env', 'e'], kind: 'list', about: '' },
];

test('parseArguments takes long and short names, with = and without', () => {
  for (const args of [
    ['--bundle', 'x', 'id'],
    ['-b', 'x', 'id'],
    ['--bundle=x', 'id'],
    ['-bundle=x', 'id'],
    ['id', '-b', 'x'],
  ]) {
    const { options, positionals } = parseArguments(args, table, false);
    expect(options.value('bundle')).toBe('x');
    expect(positionals).toEqual(['id']);
  }
});

test("parseArguments leaves another program's arguments alone", () => {
  const { options, positionals } = parseArguments(['-e', 'A=1', '-e', 'B=2', 'id', 'ls', '-d', '--x'], table, true);
  expect(options.list('env')).toEqual(['A=1', 'B=2']);
  expect(options.flag('detach')).toBe(false);
  expect(positionals).toEqual(['id', 'ls', '-d', '--x']);
});

test('parseArguments ends options at --', () => {
  expect(parseArguments(['--', '-d'], table, false).positionals).toEqual(['-d']);
});

test('parseArguments refuses unknown options and missing values', () => {
  expect(() => parseArguments(['--nope'], table, false)).toThrow('flag provided but not defined: -nope');
  expect(() => parseArguments(['-b'], table, false)).toThrow('flag needs an argument: -b');
  expect(() => parseArguments(['-b', '1x'], table, false).options.integer('bundle', 0)).toThrow('parse error');
});
