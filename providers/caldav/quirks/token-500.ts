/**
 * Xandikos answers 500 to a sync token that it does not know, where RFC 6578 3.2 wants 403 valid-sync-token.
 *
 * A 500 alone may be an outage. The same report with a token of this moment tells: if that works, ours was at fault.
 */
import { isKalendsError, KalendsError } from '../../../domain/errors.ts';
import type { CollectionVersion } from '../../provider.ts';
import type { Dav } from '../dav.ts';
import type { PrefixedName } from '../xml/names.ts';

export interface TokenQuestions {
  readonly version: (dav: Dav, calendar: string) => Promise<CollectionVersion>;
  readonly syncPage: (
    dav: Dav,
    calendar: string,
    token: string,
    properties: readonly PrefixedName[],
  ) => Promise<unknown>;
}

/** The error to use in place of a `server_error`: `sync_token_invalid`, or null where the token is not proved bad. */
export async function tokenIsAtFault(
  dav: Dav,
  calendar: string,
  token: string,
  error: unknown,
  ask: TokenQuestions,
): Promise<KalendsError | null> {
  if (!isKalendsError(error) || error.code !== 'server_error') return null;
  try {
    const now = await ask.version(dav, calendar);
    if (now.token === null || now.token === token) return null;
    await ask.syncPage(dav, calendar, now.token, ['d:getetag']);
  } catch {
    // Whatever the second question died of, the first answer is the one to report.
    return null;
  }
  return new KalendsError('sync_token_invalid', 'the server fails on this sync token and on no other', {
    ...(error.evidence === null ? {} : { evidence: error.evidence }),
    cause: error,
  });
}
