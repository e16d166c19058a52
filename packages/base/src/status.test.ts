import { describe, expect, test } from 'bun:test';
import { CodedError, errorCodes } from './errors.ts';
import { fromGrpcStatus, toGrpcStatus, toHttpStatus, wireStatus } from './status.ts';

describe('wireStatus', () => {
  test('toGrpcStatus and fromGrpcStatus are inverse for every code', () => {
    for (const code of errorCodes) {
      const status = toGrpcStatus(new CodedError(code, 'cannot do it'));
      expect(fromGrpcStatus(status.code, status.message).code).toBe(code);
    }
  });

  test('wireStatus gives every gRPC code but OK', () => {
    expect([...new Set(Object.values(wireStatus).map((status) => status.grpc))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });

  test('toHttpStatus answers 500 for a plain Error', () => {
    expect(toHttpStatus(new Error('boom'))).toBe(500);
  });

  test('toGrpcStatus marks a conflict by its suffix, once', () => {
    expect(toGrpcStatus(new CodedError('conflict', 'name taken')).message).toBe('name taken: conflict');
    expect(toGrpcStatus(new CodedError('conflict', 'name taken: conflict')).message).toBe('name taken: conflict');
  });
});
