import { expect, test } from 'bun:test';
import { isAnyOf, jsonType, packAny, packJson, unpackAny, unpackJson } from './any.ts';
import { TaskDelete, TaskExit } from './gen/containerd/events/task.ts';

test('packAny uses the bare type URL and unpackAny reads it back', () => {
  const any = packAny(TaskExit, { containerId: 'a', id: 'b', pid: 7, exitStatus: 137 });
  expect(any.typeUrl).toBe('containerd.events.TaskExit');
  expect(unpackAny(any, TaskExit)).toMatchObject({ containerId: 'a', id: 'b', pid: 7, exitStatus: 137 });
});

test('unpackAny takes a type URL with a host in front', () => {
  const { value } = packAny(TaskExit, { id: 'b' });
  const any = { typeUrl: 'type.googleapis.com/containerd.events.TaskExit', value };
  expect(isAnyOf(any, TaskExit)).toBe(true);
  expect(unpackAny(any, TaskExit).id).toBe('b');
});

test('unpackAny refuses another type, nothing, and bytes that do not decode', () => {
  const any = packAny(TaskExit, { id: 'b' });
  expect(isAnyOf(any, TaskDelete)).toBe(false);
  expect(() => unpackAny(any, TaskDelete)).toThrow('expected containerd.events.TaskDelete');
  expect(() => unpackAny(undefined, TaskDelete)).toThrow('expected containerd.events.TaskDelete');
  expect(() => unpackAny({ ...any, value: new Uint8Array([0x0a, 0x7f]) }, TaskExit)).toThrow('malformed message');
});

test('unpackJson reads what packJson wrote, and refuses other types, broken JSON and broken UTF-8', () => {
  const any = packJson(jsonType.spec, { hostname: 'ü' });
  expect(any.typeUrl).toBe('types.containerd.io/opencontainers/runtime-spec/1/Spec');
  expect(unpackJson(any, jsonType.spec)).toEqual({ hostname: 'ü' });
  expect(() => unpackJson(any, jsonType.process)).toThrow(`expected ${jsonType.process}`);
  expect(() => unpackJson({ ...any, value: Buffer.from('{') }, jsonType.spec)).toThrow('malformed JSON');
  expect(() => unpackJson({ ...any, value: Buffer.from([0x22, 0xff, 0x22]) }, jsonType.spec)).toThrow('malformed JSON');
});
