import { describe, expect, test } from 'bun:test';
import { OutputHub, type OutputSink } from './output-hub.ts';

const collector = (): { readonly sink: OutputSink; readonly seen: string[] } => {
  const seen: string[] = [];
  return { sink: { write: (stream, chunk) => void seen.push(`${stream}:${Buffer.from(chunk).toString()}`) }, seen };
};

describe('OutputHub', () => {
  test('OutputHub shows every sink everything from its joining on', async () => {
    const hub = new OutputHub();
    const early = collector();
    const late = collector();
    hub.join(early.sink);
    await hub.write('stdout', Buffer.from('a'));
    hub.join(late.sink);
    await hub.write('stderr', Buffer.from('b'));
    expect(early.seen).toEqual(['stdout:a', 'stderr:b']);
    expect(late.seen).toEqual(['stderr:b']);
  });

  test('OutputHub waits for the slowest sink', async () => {
    const hub = new OutputHub();
    const { promise, resolve } = Promise.withResolvers<void>();
    hub.join(collector().sink);
    hub.join({ write: () => promise });
    let done = false;
    const written = Promise.resolve(hub.write('stdout', Buffer.from('x'))).then(() => (done = true));
    await Bun.sleep(1);
    expect(done).toBe(false);
    resolve();
    await written;
  });

  test('OutputHub lets a failing sink go and serves the others', async () => {
    const hub = new OutputHub();
    const failing = hub.join({ write: () => Promise.reject(new Error('gone')) });
    const { sink, seen } = collector();
    hub.join(sink);
    await hub.write('stdout', Buffer.from('x'));
    await failing.gone;
    expect(seen).toEqual(['stdout:x']);
  });

  test('OutputHub does not wait for a sink that left, and lets go of one that takes nothing any more', async () => {
    const hub = new OutputHub();
    const stuck = { write: () => new Promise<void>(() => {}) };
    const leaving = hub.join(stuck);
    const first = hub.write('stdout', Buffer.from('x'));
    leaving.leave();
    await first;
    const stalled = hub.join(stuck);
    const second = hub.write('stdout', Buffer.from('y'));
    hub.dropStalled(60_000);
    expect(hub.hasAudience).toBe(true);
    hub.dropStalled(0);
    await Promise.all([second, stalled.gone]);
    expect(hub.hasAudience).toBe(false);
  });

  test('OutputHub tells of the first and the last sink, and ends them all', async () => {
    const hub = new OutputHub();
    const told: boolean[] = [];
    hub.onAudience = (present) => told.push(present);
    const members = [hub.join(collector().sink), hub.join(collector().sink)];
    hub.end();
    await Promise.all(members.map(({ gone }) => gone));
    expect(told).toEqual([true, false]);
    expect(hub.hasAudience).toBe(false);
  });
});
