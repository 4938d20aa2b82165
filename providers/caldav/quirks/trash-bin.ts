/**
 * Nextcloud keeps what is removed in a trash bin for a month, and refuses its UID as long with a bare 400 (server #30096).
 *
 * Any other 400 is about the content; this one is about the name, and another name will do.
 */
import { KalendsError } from '../../../domain/errors.ts';
import type { Dav, DavRequest, DavResponse } from '../dav.ts';

const sign = /deleted calendar object with uid/i;

/** `uid_burned`, or null where the answer says something else. */
export function uidInTrash(dav: Dav, request: DavRequest, response: DavResponse): KalendsError | null {
  if (response.status !== 400 || !sign.test(response.text.slice(0, 65_536))) return null;
  const said = dav.failure(request, response);
  const message = `${said.message}: the server keeps a removed event with this UID`;
  return new KalendsError('uid_burned', message, said.evidence === null ? {} : { evidence: said.evidence });
}
