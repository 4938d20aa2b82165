/** A multiget without accounting: what is answered is answered, and nobody looks for the rest. For comparison alone. */
import { multiget } from '../../../providers/caldav/fetch.ts';
import { refOf } from '../../../providers/caldav/collection.ts';
import type { Dav } from '../../../providers/caldav/dav.ts';
import { observationOf } from '../../../providers/caldav/observe.ts';
import type { Fetched } from '../../../providers/provider.ts';

export * from '../../../providers/caldav/fetch.ts';

export async function fetchMany(dav: Dav, calendar: string, refs: readonly string[]): Promise<Fetched> {
  const answer = await multiget(dav, calendar, refs);
  const answered = (answer?.responses ?? []).flatMap((response) => {
    const ref = answer === null ? null : refOf(answer, calendar, response);
    return (ref === null ? null : observationOf(ref, response)) ?? [];
  });
  return { answered, missing: [], unanswered: [] };
}
