/**
 * Weak etags cannot stand in If-Match (RFC 9110 13.1.1: the comparison is strong, so it would never hold); proxies that
 * compress make strong ones weak, and a few servers have nothing better.
 *
 * The current etag is asked for, of the resource itself where no listing names any: if it is the same version, its strong
 * form guards the write; where there is none, `If-Match: *` guards at least against writing onto nothing.
 */
import { KalendsError } from '../../../domain/errors.ts';
import { describe } from '../collection.ts';
import type { Dav } from '../dav.ts';
import { textOf } from '../xml/multistatus.ts';
import { names } from '../xml/names.ts';

export const isWeak = (etag: string): boolean => /^W\//i.test(etag);

const opaque = (etag: string): string => etag.replace(/^W\//i, '');

/** The value for If-Match; rejects with `precondition_failed` when the resource is at another version by now. */
export async function strongCondition(dav: Dav, path: string, etag: string): Promise<string> {
  const { answer, self } = await describe(dav, path, ['d:getetag']);
  const current = textOf(self, names.etag) ?? (await etagOf(dav, path));
  if (current === null || opaque(current) !== opaque(etag)) {
    throw new KalendsError('precondition_failed', 'the resource is at another version', {
      evidence: { request: answer.request, status: answer.status },
    });
  }
  return isWeak(current) ? '*' : current;
}

/** By a GET; null where it says nothing of it. */
async function etagOf(dav: Dav, path: string): Promise<string | null> {
  const { status, headers, elsewhere } = await dav.send({ method: 'GET', path, headers: { accept: 'text/calendar' } });
  return status === 200 && !elsewhere ? (headers['etag']?.[0] ?? null) : null;
}
