import { describe, expect, test } from 'bun:test';
import { packAny } from '@docker-ts/rpc/any';
import { ContainerCreate, ContainerUpdate } from '@docker-ts/rpc/gen/containerd/events/container';
import { TaskCreate } from '@docker-ts/rpc/gen/containerd/events/task';
import { parseFilters } from '../filters/parser.ts';
import { envelopeField } from './envelope-field.ts';
import type { EventEnvelope } from './exchange.ts';

const envelope = (event: EventEnvelope['event']): EventEnvelope => ({
  timestamp: { seconds: 1n, nanos: 0 },
  namespace: 'moby',
  topic: '/tasks/create',
  event,
});

const create = envelope(packAny(TaskCreate, { containerId: 'c1', pid: 5, io: { stdout: '/out', terminal: true } }));

describe('envelopeField', () => {
  test.each([
    [['namespace'], 'moby'],
    [['topic'], '/tasks/create'],
    [['event', 'container_id'], 'c1'],
    [['event', 'io', 'stdout'], '/out'],
    [['event', 'io', 'terminal'], 'true'],
    [['event', 'io', 'stdin'], undefined],
    [['event', 'pid'], undefined],
    [['event', 'nothing'], undefined],
    [['event', 'toString'], undefined],
    [['timestamp'], undefined],
    [[], undefined],
  ])('envelopeField finds %p', (path, value) => {
    expect(envelopeField(create)(path)).toBe(value);
  });

  test('envelopeField joins the parts of a label and goes down into messages', () => {
    const update = envelope(packAny(ContainerUpdate, { id: 'c', labels: { 'a.b/c': '1' } }));
    expect(envelopeField(update)(['event', 'labels', 'a', 'b/c'])).toBe('1');
    const made = envelope(packAny(ContainerCreate, { id: 'c', runtime: { name: 'io.x.v1' } }));
    expect(envelopeField(made)(['event', 'runtime', 'name'])).toBe('io.x.v1');
  });

  test('envelopeField finds nothing in what it cannot read', () => {
    const noise = envelope({ typeUrl: 'containerd.events.TaskCreate', value: Uint8Array.from([0xff, 0xff]) });
    expect(envelopeField(noise)(['event', 'container_id'])).toBeUndefined();
    expect(envelopeField(envelope({ typeUrl: 'x', value: new Uint8Array() }))(['event', 'id'])).toBeUndefined();
  });

  test.each([
    [['namespace==moby'], true],
    [['namespace==default'], false],
    [['topic~=|^/tasks/|'], true],
    [['topic~=^/snapshot', 'event.container_id==c1'], true],
    [['topic=="/tasks/create",event.container_id==c2'], false],
  ])('envelopeField serves the filters %p', (filters, matches) => {
    expect(parseFilters(filters)(envelopeField(create))).toBe(matches);
  });
});
