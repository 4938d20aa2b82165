/** People who edit a calendar while it is being listed: whatever they do is in the listing or comes after it. */
import type { Listing, ListOptions, Provider, Session } from '../../providers/provider.ts';
import { allChanges, eventBody, type People, type Wire } from './provider-subject.ts';

/** A person's edits between two requests, in a calendar that nobody else knows. */
interface Place {
  readonly session: Session;
  readonly calendar: () => Promise<string>;
}

interface Subject {
  readonly provider: Provider;
  readonly people: Pick<People, 'put'>;
  readonly wire: Wire;
}

/** As many requests as no listing of three resources makes. */
const requestsMax = 20;

/**
 * Lists once for each request that a listing makes, while somebody changes one event and writes another right after its
 * answer. `2: new.ics`: what was written after the second answer is seen neither in that listing nor by who goes on
 * from what came with it.
 */
export async function unseenByListing(subject: Subject, place: Place, options: ListOptions): Promise<string[]> {
  const unseen: string[] = [];
  for (let after = 1; after <= requestsMax; after += 1) {
    const calendar = await place.calendar();
    for (const ref of ['changes.ics', 'stays.ics'])
      await subject.people.put(calendar, ref, eventBody(calendar, ref, ref));
    const listing = await listEdited(subject, { ...place, calendar, after }, options);
    if (listing === null) {
      // A listing without a request, or without an end, would have shown nothing.
      if (after > 1) return unseen;
      break;
    }
    const missed = await missedBy(subject.provider, place.session, calendar, listing);
    unseen.push(...missed.map((ref) => `${after}: ${ref}`));
  }
  throw new Error('a listing asks at least once and comes to an end');
}

/** Null where the listing made fewer requests. */
async function listEdited(
  { provider, people, wire }: Subject,
  { session, calendar, after }: { readonly session: Session; readonly calendar: string; readonly after: number },
  options: ListOptions,
): Promise<Listing | null> {
  let answers = 0;
  wire.tamper(async (response) => {
    answers += 1;
    if (answers === after) {
      await people.put(calendar, 'changes.ics', eventBody(calendar, 'changes.ics', 'meanwhile'));
      await people.put(calendar, 'new.ics', eventBody(calendar, 'new.ics', 'meanwhile'));
    }
    return response;
  });
  try {
    const listing = await provider.list(session, calendar, options);
    return answers < after ? null : listing;
  } finally {
    wire.tamper(null);
  }
}

/** Without tokens, who sees that the ctag is another one lists again. */
async function missedBy(provider: Provider, session: Session, calendar: string, listing: Listing): Promise<string[]> {
  const { token, ctag } = listing;
  const goesOn = token !== null || (await provider.version(session, calendar)).ctag !== ctag;
  const { changed } = token === null ? { changed: [] } : await allChanges(provider, session, calendar, token);
  const missed: string[] = [];
  for (const ref of ['changes.ics', 'new.ics']) {
    const got = await provider.get(session, calendar, ref);
    const etag = got.kind === 'found' ? got.observation.etag : null;
    const isListed = listing.resources.some((one) => one.ref === ref && one.etag === etag);
    const comes = token === null ? goesOn : changed.some((one) => one.ref === ref);
    if (!isListed && !comes) missed.push(ref);
  }
  return missed;
}
