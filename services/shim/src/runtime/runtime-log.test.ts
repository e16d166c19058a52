import { expect, test } from 'bun:test';
import { lastError } from './runtime-log.ts';

test('lastError finds the last error among other lines, torn ones included', () => {
  const line = (level: string, msg: string): string => JSON.stringify({ level, msg, time: 'x' });
  const text = [line('error', 'first'), line('error', ' last '), line('warning', 'after'), '{"level":"err', ''].join(
    '\n',
  );
  expect(lastError(text)).toBe('last');
  expect(lastError('null\n42\nplain text\n')).toBeUndefined();
});
