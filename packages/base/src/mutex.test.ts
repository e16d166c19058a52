import { expect, test } from 'bun:test';
import { KeyedMutex, Mutex } from './mutex.ts';

test('Mutex runs sections in the order of asking and goes on after one that throws', async () => {
  const mutex = new Mutex();
  const seen: number[] = [];
  const first = mutex.run(async () => {
    await Bun.sleep(2);
    seen.push(1);
    throw new Error('first');
  });
  const second = mutex.run(() => seen.push(2));
  expect(await first.catch((error: Error) => error.message)).toBe('first');
  await second;
  expect(seen).toEqual([1, 2]);
});

test('KeyedMutex lets different keys run side by side', async () => {
  const mutex = new KeyedMutex();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const a = mutex.run('a', async () => {
    await gate.promise;
    seen.push('a');
  });
  await mutex.run('b', () => seen.push('b'));
  gate.resolve();
  await a;
  expect(seen).toEqual(['b', 'a']);
});
