/**
 * One table from error codes to the numbers of the wires: HTTP (Docker Engine API) and gRPC/ttrpc (google.rpc.Code).
 * Go clients recover `conflict` and `not_modified`, which gRPC has no number for, from a message suffix.
 */
import { CodedError, codeOf, messageOf, type ErrorCode } from './errors.ts';

interface WireStatus {
  readonly grpc: number;
  readonly http: number;
  readonly grpcSuffix?: string;
}

export const wireStatus: Readonly<Record<ErrorCode, WireStatus>> = {
  canceled: { grpc: 1, http: 500 },
  unknown: { grpc: 2, http: 500 },
  invalid_argument: { grpc: 3, http: 400 },
  deadline_exceeded: { grpc: 4, http: 500 },
  not_found: { grpc: 5, http: 404 },
  already_exists: { grpc: 6, http: 409 },
  permission_denied: { grpc: 7, http: 403 },
  resource_exhausted: { grpc: 8, http: 500 },
  failed_precondition: { grpc: 9, http: 400 },
  conflict: { grpc: 9, http: 409, grpcSuffix: ': conflict' },
  not_modified: { grpc: 9, http: 304, grpcSuffix: ': not modified' },
  aborted: { grpc: 10, http: 500 },
  out_of_range: { grpc: 11, http: 400 },
  unimplemented: { grpc: 12, http: 501 },
  internal: { grpc: 13, http: 500 },
  unavailable: { grpc: 14, http: 503 },
  data_loss: { grpc: 15, http: 500 },
  unauthenticated: { grpc: 16, http: 401 },
};

/** google.rpc.Status code and message for anything thrown. */
export function toGrpcStatus(error: unknown): { code: number; message: string } {
  const { grpc, grpcSuffix } = wireStatus[codeOf(error)];
  const message = messageOf(error);
  return { code: grpc, message: grpcSuffix && !message.endsWith(grpcSuffix) ? message + grpcSuffix : message };
}

/** HTTP status for anything thrown. */
export function toHttpStatus(error: unknown): number {
  return wireStatus[codeOf(error)].http;
}

const codeByGrpc = new Map<number, ErrorCode>(
  Object.entries(wireStatus).flatMap(([code, status]) =>
    status.grpcSuffix === undefined ? [[status.grpc, code as ErrorCode]] : [],
  ),
);

/** The error that a gRPC or ttrpc status stands for; a code outside the table counts as `unknown`. */
export function fromGrpcStatus(code: number, message: string, cause?: unknown): CodedError {
  const suffixed = Object.entries(wireStatus).find(
    ([, status]) => status.grpc === code && status.grpcSuffix !== undefined && message.endsWith(status.grpcSuffix),
  );
  const errorCode = (suffixed?.[0] as ErrorCode | undefined) ?? codeByGrpc.get(code) ?? 'unknown';
  return new CodedError(errorCode, message, { cause });
}
