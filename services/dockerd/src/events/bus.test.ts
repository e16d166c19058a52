import { describe, expect, test } from 'bun:test';
import { parseFilters } from '../filters/filters.ts';
import { type DaemonEvent, EventBus } from './bus.ts';
import { compileEventFilters, eventFilterNames } from './filters.ts';

describe('EventBus', () => {
  test('EventBus hands events to subscribers and replays past ones', () => {
    const bus = new EventBus();
    const seen: DaemonEvent[] = [];
    bus.publish('container', 'create', 'abc', { image: 'busybox', name: 'web' });
    const subscription = bus.subscribe((event) => seen.push(event));
    bus.publish('container', 'start', 'abc', { image: 'busybox', name: 'web' });
    subscription[Symbol.dispose]();
    bus.publish('container', 'die', 'abc', { image: 'busybox', name: 'web', exitCode: '0' });
    expect(seen.map(({ Action }) => Action)).toEqual(['start']);
    expect(bus.since(0n).map(({ Action }) => Action)).toEqual(['create', 'start', 'die']);
    expect(seen[0]).toMatchObject({ status: 'start', id: 'abc', from: 'busybox', scope: 'local' });
  });

  test('EventBus keeps at least the last 256 events', () => {
    const bus = new EventBus();
    for (let i = 0; i < 2000; i += 1) bus.publish('container', `e${i}`, 'x');
    const past = bus.since(0n);
    expect(past.length).toBeGreaterThanOrEqual(256);
    expect(past.at(-1)?.Action).toBe('e1999');
  });
});

describe('compileEventFilters', () => {
  const matching = (filters: object): string[] => {
    const bus = new EventBus();
    bus.publish('container', 'start', 'abc', { image: 'busybox:latest', name: 'web', tier: 'front' });
    bus.publish('container', 'exec_create: sh', 'def', { image: 'alpine', name: 'db' });
    bus.publish('image', 'tag', 'sha256:1', { name: 'busybox:latest' });
    const matches = compileEventFilters(parseFilters(JSON.stringify(filters), eventFilterNames));
    return bus
      .since(0n)
      .filter(matches)
      .map(({ Action }) => Action);
  };

  test('compileEventFilters selects by type, object, action, image and label', () => {
    expect(matching({ type: ['image'] })).toEqual(['tag']);
    expect(matching({ container: ['web', 'nothing'] })).toEqual(['start']);
    expect(matching({ event: ['exec_create'] })).toEqual(['exec_create: sh']);
    expect(matching({ image: ['busybox'] })).toEqual(['start', 'tag']);
    expect(matching({ label: ['tier=front'] })).toEqual(['start']);
    expect(matching({})).toHaveLength(3);
  });
});
