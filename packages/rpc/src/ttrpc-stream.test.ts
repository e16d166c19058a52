import { CodedError } from '@docker-ts/base/errors';
import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { inboxLimitBytes, TtrpcStream } from './ttrpc-stream.ts';

function recorder() {
  const record = { sent: [] as { flags: number; data: number[] }[], held: 0 };
  const transport = {
    send: (_id: number, _type: number, flags: number, data: Uint8Array = new Uint8Array()) =>
      void record.sent.push({ flags, data: [...data] }),
    drained: () => Promise.resolve(),
    hold: () => void (record.held += 1),
    release: () => void (record.held -= 1),
  };
  return { record, transport };
}

const moves = fc.array(fc.constantFrom('send', 'closeSend', 'receive', 'endReceive', 'read', 'fail', 'finish'), {
  maxLength: 40,
});

/** What a stream promises, said again in the plainest way. */
class Model {
  local = true;
  remote = true;
  failed = false;
  sent = 0;
  received: number[] = [];
}

describe('TtrpcStream', () => {
  test('any sequence of moves keeps the promises of the state machine', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        const { record, transport } = recorder();
        const stream = new TtrpcStream(1, transport);
        const model = new Model();
        const pending: Promise<unknown>[] = [];
        const expected: unknown[] = [];
        const waiting: number[] = [];
        let next = 0;
        /** The outcome of the reads that waited for something to happen. */
        const settleWaiting = (outcome: unknown) => {
          for (const at of waiting.splice(0)) expected[at] = outcome;
        };
        for (const move of sequence) {
          if (move === 'send') {
            const outcome = await stream.send(new Uint8Array([1])).then(
              () => 'sent',
              (error: CodedError) => error.message,
            );
            if (model.failed) expect(outcome).toBe('failed');
            else expect(outcome === 'sent').toBe(model.local);
            if (outcome === 'sent') model.sent += 1;
          } else if (move === 'closeSend') {
            stream.closeSend();
            model.local = false;
          } else if (move === 'receive') {
            next += 1;
            const take = () => stream.receive(new Uint8Array([next]));
            if (!model.remote) {
              expect(take).toThrow('ttrpc: stream closed');
            } else {
              take();
              const at = waiting.shift();
              if (at === undefined) model.received.push(next);
              else expected[at] = next;
            }
          } else if (move === 'read') {
            const at = pending.length;
            pending.push(
              stream.read().then(
                (message) => message?.[0] ?? 'end',
                (error: CodedError) => error.message,
              ),
            );
            if (model.received.length > 0) expected[at] = model.received.shift();
            else if (model.failed) expected[at] = 'failed';
            else if (!model.remote) expected[at] = 'end';
            else waiting.push(at);
          } else if (move === 'fail') {
            const open = model.local || model.remote;
            stream.fail(new CodedError('aborted', 'failed'));
            if (open) {
              settleWaiting('failed');
              model.failed = true;
            }
            model.local = false;
            model.remote = false;
          } else {
            if (move === 'finish') {
              stream.finish();
              model.local = false;
            } else {
              stream.endReceive();
            }
            model.remote = false;
            settleWaiting('end');
          }
          expect(stream.closed).toBe(!model.local && !model.remote);
        }
        stream.fail(new CodedError('aborted', 'failed'));
        if (model.local || model.remote) settleWaiting('failed');
        expect(await Promise.all(pending)).toEqual(expected);
        expect(record.sent.filter(({ flags }) => flags === 0)).toHaveLength(model.sent);
        expect(record.sent.filter(({ flags }) => flags !== 0).length).toBeLessThanOrEqual(1);
        expect(record.held).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('an inbox above its limit holds the connection until it is read or discarded', async () => {
    const { record, transport } = recorder();
    const stream = new TtrpcStream(1, transport);
    const half = new Uint8Array(inboxLimitBytes / 2);
    for (let i = 0; i < 3; i += 1) stream.receive(half);
    expect(record.held).toBe(1);
    await stream.read();
    expect(record.held).toBe(0);
    stream.receive(half);
    expect(record.held).toBe(1);
    stream.discard();
    expect(record.held).toBe(0);
  });
});
