import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { codeOf, messageOf } from '@docker-ts/base/errors';
import { type FieldReader, mapField } from './filter.ts';
import { parseFilter, parseFilters } from './parser.ts';

const object: FieldReader = ([field, ...rest]) => {
  if (field === 'name') return 'foo';
  if (field === 'other') return 'bar';
  return field === 'labels'
    ? mapField(rest, { foo: 'bar', 'very complex label': 'something', 'a.b': 'dotted', empty: '' })
    : undefined;
};

const matches = (expression: string): boolean => parseFilter(expression)(object);

describe('parseFilter', () => {
  test.each([
    ['', true],
    ['name', true],
    ['none', false],
    ['name==foo', true],
    ['name==bar', false],
    ['name!=bar', true],
    ['none!=bar', true],
    ['none==bar', false],
    ['name==foo,other==bar', true],
    ['name==foo,other==baz', false],
    ['labels.foo', true],
    ['labels.foo==bar', true],
    ['labels.a.b==dotted', true],
    ['labels."a.b"==dotted', true],
    ['labels."very complex label"==something', true],
    ['labels.empty', true],
    ['labels.empty==""', true],
    ['name~=^f', true],
    ['name~=/^f.o$/', true],
    ['name~=|^b|', false],
    ['name~="(?i)FOO"', true],
    ['name~=[', false],
    [' name == foo , other == bar ', true],
    ['name=="\\x66\\u006fo"', true],
  ])('parseFilter reads %j', (expression, expected) => {
    expect(matches(expression)).toBe(expected);
  });

  test.each([
    ['name==', '[name==]: expected value or quoted'],
    ['==foo', '[ >|=|< =foo]: expected field or quoted'],
    ['name=foo', '[name >|=|< foo]: unsupported operator "="'],
    ['name foo', '[name  >|f|< oo]: expected an operator ("=="|"!="|"~=")'],
    ['name=="foo', '[name== >|"|< foo]: quoted literal not terminated'],
    ['name==/foo/', '[name== >|/|< foo/]: invalid quote encountered'],
    ['name==foo bar', '[name==foo  >|b|< ar]: unexpected input: bar'],
    ['name==foo,', '[name==foo,]: expected field or quoted'],
    ['name=="\\q"', '[name== >|"|< \\q"]: unquoting failed: invalid syntax'],
  ])('parseFilter refuses %j and shows where', (expression, text) => {
    let caught: unknown;
    try {
      parseFilter(expression);
    } catch (error) {
      caught = error;
    }
    expect(codeOf(caught)).toBe('invalid_argument');
    expect(messageOf(caught)).toBe(`filters: parse error: ${text}: invalid argument`);
  });

  test('parseFilter finds any value again that it is given in quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const quoted = JSON.stringify(value);
        fc.pre(!value.includes('\0'));
        expect(parseFilter(`name==${quoted}`)(() => value)).toBe(true);
      }),
    );
  });

  test('parseFilter ends on any input, with a filter or invalid_argument', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'b', '.', '"', '/', '|', '=', '!', '~', ',', ' ', '\\', 'x', '0', '\n'),
          maxLength: 30,
        }),
        (expression) => {
          try {
            parseFilter(expression)(object);
          } catch (error) {
            expect(codeOf(error)).toBe('invalid_argument');
          }
        },
      ),
    );
  });
});

describe('parseFilters', () => {
  test('parseFilters matches what any of the expressions matches', () => {
    expect(parseFilters([])(object)).toBe(true);
    expect(parseFilters(['name==x', 'other==bar'])(object)).toBe(true);
    expect(parseFilters(['name==x', 'other==y'])(object)).toBe(false);
  });
});
