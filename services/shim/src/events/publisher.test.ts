import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { setTimeout as delay } from 'node:timers/promises';
import { internal } from '@docker-ts/base/errors';
import { TaskOOM } from '@docker-ts/rpc/gen/containerd/events/task';
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { Scratch } from '@docker-ts/testkit/scratch';
import { Log } from '../log.ts';
import { EventPublisher } from './publisher.ts';

class SilentLog extends Log {
  override warn(): void {}
  override error(): void {}
}

let scratch: Scratch;
let server: TtrpcServer;
let seen: string[];
let failures: number;
let address: string;

async function serve(): Promise<void> {
  server = new TtrpcServer();
  server.register(EventsDefinition, {
    forward: async ({ envelope }, { metadata }) => {
      await delay(1);
      if (failures > 0) {
        failures -= 1;
        throw internal('not now');
      }
      seen.push(
        `${metadata.get('containerd-namespace-ttrpc')} ${envelope!.namespace} ${TaskOOM.decode(envelope!.event!.value).containerId}`,
      );
      return {};
    },
  });
  await server.listen(address);
}

beforeEach(async () => {
  scratch = new Scratch('events');
  address = scratch.join('d.ttrpc');
  seen = [];
  failures = 0;
  await serve();
});
afterEach(async () => {
  await server.close(0);
  scratch[Symbol.dispose]();
});

const publisher = (): EventPublisher => new EventPublisher({ address, namespace: 'ns', log: new SilentLog() });
const publish = (events: EventPublisher, from: number, to: number): void => {
  for (let number = from; number < to; number += 1)
    events.publish('/tasks/oom', TaskOOM, { containerId: String(number) });
};

describe('EventPublisher', () => {
  test('delivers in order, with the namespace', async () => {
    const events = publisher();
    publish(events, 0, 20);
    await events.close(5000);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `ns ns ${index}`));
  });

  test('repeats a refused event before the next one', async () => {
    failures = 1;
    const events = publisher();
    publish(events, 0, 3);
    await events.close(5000);
    expect(seen).toEqual(['ns ns 0', 'ns ns 1', 'ns ns 2']);
  });

  test('connects anew when the daemon has come back', async () => {
    const events = publisher();
    publish(events, 0, 1);
    for (let tries = 0; tries < 200 && seen.length < 1; tries += 1) await delay(5);
    await server.close(0);
    await serve();
    publish(events, 1, 2);
    await events.close(5000);
    expect(seen).toEqual(['ns ns 0', 'ns ns 1']);
  });

  test('publishes to nobody where there is no address, and gives up in time', async () => {
    const nobody = new EventPublisher({ address: '', namespace: 'ns', log: new SilentLog() });
    publish(nobody, 0, 1);
    await nobody.close(1000);
    await server.close(0);
    const lost = publisher();
    publish(lost, 0, 5);
    const before = performance.now();
    await lost.close(50);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(seen).toEqual([]);
  });
});
