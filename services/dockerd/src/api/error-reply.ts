/** Failures as HTTP answers: `{"message": …}` with the status of the error's code (base/status.ts). */
import { codeOf, messageOf } from '@docker-ts/base/errors';
import { toHttpStatus } from '@docker-ts/base/status';
import type { ServerResponse } from 'node:http';
import type { Logger } from 'winston';

/** grpc-js speaks of connections; what its users need to know is whose. */
function tellingMessage(error: unknown): string {
  const message = messageOf(error);
  return message.startsWith('No connection established') || message === 'Connection dropped'
    ? `containerd is not available: ${message}`
    : message;
}

/** Answers with the error; once the head is out, all that can be done is to break the connection off. */
export function replyError(response: ServerResponse, error: unknown, log: Logger): void {
  const status = toHttpStatus(error);
  if (status >= 500)
    log.error(`${response.req.method} ${response.req.url}: ${messageOf(error)}`, { code: codeOf(error) });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  if (status === 304) {
    response.end();
    return;
  }
  const body = `${JSON.stringify({ message: tellingMessage(error) })}\n`;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
