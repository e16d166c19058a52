import { expect, test } from 'bun:test';
import { closeSync, writeSync } from 'node:fs';
import { spawnProcess } from '@docker-ts/linux/child-process';
import { socketPair } from '@docker-ts/linux/local-socket';
import { Plan } from '../plan/plan.ts';
import { messageKinds } from '../plan/schema.ts';
import { Channel } from './channel.ts';

function message(kind: number, value = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeInt32LE(value, 8);
  return bytes;
}

/** A channel whose launcher is a program that ends at once, and the other end of its socket. */
function openChannel(): { channel: Channel; theirs: number } {
  const [ours, theirs] = socketPair();
  return { channel: new Channel(new Plan(), ours, spawnProcess('/bin/true', ['true'], [])), theirs };
}

test('Channel takes a pid that comes after what the process itself has sent', () => {
  const { channel, theirs } = openChannel();
  using _channel = channel;
  for (const bytes of [message(messageKinds.sync), message(messageKinds.ready), message(messageKinds.pid, 42)])
    writeSync(theirs, bytes);
  expect(channel.waitForPid()).toBe(42);
  let syncs = 0;
  channel.waitForReady(() => syncs++);
  expect(syncs).toBe(1);
  closeSync(theirs);
});

test('Channel says how the launcher ended that sent no pid', () => {
  const { channel, theirs } = openChannel();
  using _channel = channel;
  closeSync(theirs);
  expect(() => channel.waitForPid()).toThrow('container init exited prematurely with status 0');
});
