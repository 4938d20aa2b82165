/**
 * Xandikos answers a PUT or MKCALENDAR that it refused with 207 around a 412 or 403: a success to whoever looks at the
 * status alone, and a lost write.
 */
import type { KalendsError } from '../../../domain/errors.ts';
import { errorText } from '../collection.ts';
import type { Dav, DavRequest, DavResponse } from '../dav.ts';

/** The failure inside a 207; null where everything inside succeeded. A 207 that cannot be read rejects. */
export async function innerFailure(dav: Dav, request: DavRequest, response: DavResponse): Promise<KalendsError | null> {
  const answer = await dav.parse(request, response);
  for (const inner of answer.responses) {
    const status = inner.status ?? [...inner.refused.values()][0] ?? 200;
    if (status >= 300) return dav.failure(request, { ...response, status, text: errorText(inner) });
  }
  return null;
}
