/** JSON request bodies: read within a limit, parsed, checked against a shape. Texts are the original's. */
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import type { IncomingMessage } from 'node:http';
import { type BodyShape, checkBody } from './body-shape.ts';

/** Far more than any client sends; more than this is refused before it fills the memory. */
export const bodyLimitBytes = 4 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = (): Error => invalidArgument(`request body too large: more than ${bodyLimitBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bodyLimitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Two documents in a row are told apart from a broken one, as the original does.
    if (startsWithDocument(text)) throw invalidArgument('unexpected content after JSON', error);
    const unfinished = /end of|EOF|Unterminated|Expected '\}'/i.test(messageOf(error));
    throw invalidArgument(`invalid JSON: ${unfinished ? 'unexpected EOF' : messageOf(error)}`, error);
  }
}

/** True if the text up to the brace that closes its first one is a whole document. One pass: bodies may be hostile. */
function startsWithDocument(text: string): boolean {
  if (/^\s*null\b/.test(text)) return true;
  if (!/^\s*\{/.test(text)) return false;
  let depth = 0;
  // strings are skipped as wholes, so that braces in them do not count
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*(?:"|$)|[{}]/gs)) {
    if (token === '{') depth += 1;
    else if (token === '}') depth -= 1;
    if (depth > 0) continue;
    try {
      JSON.parse(text.slice(0, index + token.length));
      return true;
    } catch {
      return false;
    }
  }
  return false;
}

/** The body as an object of the given shape; `undefined` for the document `null`. */
export async function readJson<Body extends object>(
  request: IncomingMessage,
  shape: BodyShape,
  options: { readonly optional?: boolean } = {},
): Promise<Body | undefined> {
  const type = request.headers['content-type'];
  const text = await readBody(request);
  if (text.trim() === '' && options.optional === true) return undefined;
  if (type === undefined ? text !== '' : type.split(';')[0]?.trim() !== 'application/json')
    throw invalidArgument(`unsupported Content-Type header (${type ?? ''}): must be 'application/json'`);
  if (text.trim() === '') throw invalidArgument('invalid JSON: got EOF while reading request body');
  const value = parse(text);
  if (value === null) return undefined;
  checkBody(value, shape);
  return value as Body;
}
