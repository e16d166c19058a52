import { describe, expect, test } from 'bun:test';
import { codeOf } from '@docker-ts/base/errors';
import { type EventEnvelope, EventExchange, maxQueuedEvents, type Subscription } from './exchange.ts';

const event = { typeUrl: 'containerd.events.TaskExit', value: new Uint8Array() };

async function topicsOf(subscription: Subscription): Promise<string[]> {
  subscription.close();
  const topics: string[] = [];
  for await (const { topic } of subscription) topics.push(topic);
  return topics;
}

describe('EventExchange', () => {
  test('EventExchange tells every subscriber what matches, in order', async () => {
    const exchange = new EventExchange();
    const all = exchange.subscribe();
    const some = exchange.subscribe(({ namespace }) => namespace === 'a');
    exchange.publish('a', '/tasks/one', event);
    exchange.publish('b', '/tasks/two', event);
    exchange.publish('a', '/tasks/three', event);
    expect(await topicsOf(all)).toEqual(['/tasks/one', '/tasks/two', '/tasks/three']);
    expect(await topicsOf(some)).toEqual(['/tasks/one', '/tasks/three']);
  });

  test('EventExchange wakes a subscriber that waits, and forgets one that has closed', async () => {
    const exchange = new EventExchange();
    const subscription = exchange.subscribe();
    const next = subscription.next();
    exchange.publish('a', '/tasks/exit', event);
    expect(((await next).value as EventEnvelope).topic).toBe('/tasks/exit');
    const last = subscription.next();
    subscription.close();
    expect((await last).done).toBe(true);
    expect(exchange.subscriberCount).toBe(0);
  });

  test('EventExchange keeps the envelope of a forwarded event', async () => {
    const exchange = new EventExchange();
    const subscription = exchange.subscribe();
    const envelope = { timestamp: { seconds: 5n, nanos: 6 }, namespace: 'n', topic: '/tasks/exit', event };
    exchange.forward(envelope);
    expect((await subscription.next()).value).toEqual(envelope);
  });

  test.each([
    ['', '/a'],
    ['n', ''],
    ['n', 'a'],
    ['n', '/'],
    ['n', '/a//b'],
    ['n', '/a b'],
    ['-n', '/a'],
    ['n'.repeat(77), '/a'],
  ])('EventExchange refuses namespace %p with topic %p', (namespace, topic) => {
    const exchange = new EventExchange();
    const attempt = (work: () => void): unknown => {
      try {
        work();
        return undefined;
      } catch (error) {
        return codeOf(error);
      }
    };
    expect(attempt(() => exchange.publish(namespace, topic, event))).toBe('invalid_argument');
    const envelope = { timestamp: { seconds: 1n, nanos: 0 }, namespace, topic, event };
    expect(attempt(() => exchange.forward(envelope))).toBe('invalid_argument');
  });

  test('EventExchange refuses to forward what has no time', () => {
    const envelope = { timestamp: { seconds: 0n, nanos: 0 }, namespace: 'n', topic: '/a', event };
    expect(() => new EventExchange().forward(envelope)).toThrow('timestamp must be set');
  });

  test('EventExchange ends a subscriber that reads too slowly, and no other', async () => {
    const exchange = new EventExchange();
    const slow = exchange.subscribe();
    const other = exchange.subscribe(({ topic }) => topic === '/last');
    for (let i = 0; i <= maxQueuedEvents; i += 1) exchange.publish('n', '/tasks/exit', event);
    exchange.publish('n', '/last', event);
    expect(await slow.next().catch(codeOf)).toBe('resource_exhausted');
    expect(((await other.next()).value as EventEnvelope).topic).toBe('/last');
  });

  test('EventExchange tells latecomers what was kept for them, for a while', async () => {
    const exchange = new EventExchange();
    exchange.publisherForLatecomers(60_000).publish('n', '/tasks/exit', event);
    exchange.publisherForLatecomers(-1).publish('n', '/tasks/gone', event);
    expect(await topicsOf(exchange.subscribe())).toEqual(['/tasks/exit']);
    expect(await topicsOf(exchange.subscribe(({ namespace }) => namespace === 'other'))).toEqual([]);
  });
});
