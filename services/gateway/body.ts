/** Bodies and queries: bytes and text of a request to parameters, as forgiving as existing clients need. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { KalendsError } from '../../domain/errors.ts';
import { isObject, type Params } from '../api/params.ts';
import { problem } from '../api/problems.ts';

const unzip = promisify(gunzip);

/**
 * The parameters of a body; an absent body has none. Rejects with `body_too_large` and `invalid_input`. GET requests of
 * python carry `{}`: their bodies are not for this function, they mean nothing.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Params> {
  const bytes = await unpack(await readBytes(request, maxBytes), maxBytes);
  if (bytes.length === 0) return {};
  if (!isUtf8(bytes)) throw problem('body', 'errors.invalid_json', 'the body must be JSON in UTF-8');
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim();
  if (text === '') return {};
  const form = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  // What `curl -d` says of any body: as a form it would have nothing that is asked for.
  if (form && text.startsWith('{'))
    throw problem('body', 'errors.invalid_json', 'the body looks like JSON: send it as Content-Type: application/json');
  return form ? readQuery(text) : parseJson(text);
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // What still comes is read and dropped, so that the client gets to read the answer.
      if (length > maxBytes) reject(tooLarge(maxBytes));
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => {
      // After every request: an error is made only where it is one.
      if (!request.complete) reject(new KalendsError('cut_short', 'the request ended before its body did'));
    });
  });
}

/** By its first bytes, not by Content-Encoding: c# sends a made-up one on a plain body. No JSON begins like this. */
async function unpack(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const large = error instanceof RangeError || (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    throw large ? tooLarge(maxBytes) : problem('body', 'errors.invalid_json', 'the compressed body is damaged');
  }
}

function parseJson(text: string): Params {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem('body', 'errors.invalid_json', 'the body is not well-formed JSON');
  }
  // PHP writes an empty object as [].
  if (value === null || (Array.isArray(value) && value.length === 0)) return {};
  if (isObject(value)) return value;
  throw problem('body', 'errors.must_be_object', 'the body must be a JSON object');
}

const tooLarge = (maxBytes: number): KalendsError =>
  new KalendsError('body_too_large', `the body has more than ${maxBytes} bytes`);

/** `a=1&b[]=2&b[]=3` → `{a: '1', b: ['2', '3']}`; of a repeated plain name the last counts. */
export function readQuery(text: string): Params {
  if (text === '') return {};
  const params = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const list = /^(.+)\[\d*\]$/.exec(name)?.[1];
    if (list === undefined) {
      params.set(name, value);
      continue;
    }
    const known = params.get(list);
    if (Array.isArray(known)) known.push(value);
    else params.set(list, [value]);
  }
  return Object.fromEntries(params);
}
