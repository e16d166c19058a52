import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import { requestScope } from './request-scope.ts';

const contextOf = (headers: Record<string, string>) => ({
  metadata: { get: (key: string) => headers[key], getAll: () => [] },
  signal: new AbortController().signal,
});

test('requestScope reads namespace and lease', () => {
  expect(requestScope(contextOf({ 'containerd-namespace': 'a' }))).toEqual({ namespace: 'a' });
  expect(requestScope(contextOf({ 'containerd-namespace': 'a', 'containerd-lease': 'l' }))).toEqual({
    namespace: 'a',
    lease: 'l',
  });
});

test('requestScope wants a well-formed namespace', async () => {
  expect(await failureOf(() => requestScope(contextOf({})))).toEqual({
    code: 'failed_precondition',
    message: 'namespace is required: failed precondition',
  });
  for (const namespace of ['a/b', '..', 'a--b', 'x'.repeat(77), '-']) {
    const failure = await failureOf(() => requestScope(contextOf({ 'containerd-namespace': namespace })));
    expect(failure?.code).toBe('invalid_argument');
    expect(failure?.message).toStartWith('namespace validation: identifier ');
  }
});
