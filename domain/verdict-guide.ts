/** What Kalends does about each verdict, in words for people: a part of docs/errors.md. */
import type { Verdict } from './errors.ts';

/** What Kalends does about a failure of this verdict, unless the row of its code says otherwise. */
export const verdictGuide = {
  transient: 'tries again with growing delays; after too many in a row the smallest scope that fails is quarantined',
  rate_limited:
    'waits as long as the server says, inside bounds, else with growing delays; writes wait with it; what met it, and the writes of its calendar, wait longer, so that the rest goes on in between; what does not end is quarantined',
  auth_suspect:
    'counts it and tries again as seldom as a probe; only several refusals over a stated time, with the host otherwise well, become a relink',
  auth_revoked: 'stops all requests of the profile until the person connects again; cache and accepted writes stay',
  resync: 'drops the sync token, lists the calendar in full and compares; nothing is removed by that alone',
  conflict: 'reads the event again and reconciles the wish with what it finds, a few times',
  gone: 'asks again: a resource is removed only on evidence, a calendar only by the list of calendars',
  item_permanent:
    'a write ends as rejected, unless the event shows that it took place; a resource is set aside alone and probed, its calendar goes on',
  calendar_permanent: 'a write ends as rejected; a calendar is quarantined and probed, the others go on',
  permanent: 'quarantines at once and probes: nothing but a change on the other side or in the settings ends it',
  ambiguous:
    'quarantines the smallest scope that isolates it (event, calendar, profile) and probes; reinstates by itself',
  refused: 'asks no provider: the request itself cannot be carried out as it is',
} as const satisfies Record<Verdict, string>;
