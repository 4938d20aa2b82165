/** Whether a calendar that claims to be fresh holds what its server had by then: no change passed over in silence (I10). */
import type { CommitDoc } from '../../domain/commit.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { LogEntry } from '../support/caldav-model/exchange.ts';
import type { LatestVersions } from '../support/caldav-model/world.ts';
import { saidBy } from './reader.ts';

/** The clock of the node that made the claim may be so far ahead. */
const clocksMs = 61_000;
/** No listing takes longer than this, from its first request to its checkpoint. */
const listingMs = 600_000;

/** Something is left out of the answer, and nothing in it shows that. */
export const omitting: ReadonlySet<string> = new Set(['listing_empty', 'listing_omits', 'delta_omits']);
/** What is told once more, from the beginning, passes over what has been removed since; at times nobody can tell that from changes. */
const startingOver = 'token_forgotten_full_list';
/** The next delta that arrives will. */
const goingBack = 'token_zero';

export interface Freshness {
  appended(commit: CommitDoc): void;
  checkpointStored(checkpoint: CheckpointDoc, login: string): void;
  /** A request for this calendar, as its owner names it. */
  answered(entry: Pick<LogEntry, 'user' | 'report' | 'faults'>, calendar: string): void;
  /** What is wrong with the claims of this profile, for people. */
  claimed(profile: ProfileDoc): string | null;
}

/** `refOf`: calendar id → its ref in the home of its owner; `latest`: what the server holds of a calendar, as this login sees it; null: it does not see it. */
export function createFreshness(
  now: () => number,
  refOf: (calendarId: string) => string,
  latest: (login: string, calendarId: string) => LatestVersions | null,
): Freshness {
  /** Calendar id → ref → what is recorded. */
  const recorded = new Map<string, Map<string, string>>();
  const checkpoints = new Map<string, CheckpointDoc>();
  /** Calendar id → when it was last listed in one go. */
  const listedMs = new Map<string, number>();
  const concealedAtMs = new Map<string, number>();
  /** Login and calendar whose token was set back, until they are listed. */
  const wentBack = new Set<string>();
  /** Calendar id → the claim that was looked at last. */
  const claims = new Map<string, number>();

  function stale(login: string, calendarId: CalendarId, freshAtMs: number): string | null {
    const versions = latest(login, calendarId);
    const checkpoint = checkpoints.get(calendarId);
    if (versions === null || checkpoint === undefined) return null;
    const concealedMs = concealedAtMs.get(refOf(calendarId)) ?? -Infinity;
    // A listing that began after that has shown everything again.
    const heals = (listedMs.get(calendarId) ?? -Infinity) - listingMs > concealedMs;
    // What is known to be missing is not part of the claim.
    const leftOut = new Set([...checkpoint.owed, ...checkpoint.held].map((one) => one.ref));
    const here = recorded.get(calendarId) ?? new Map<string, string>();
    for (const [ref, { body, atMs }] of versions) {
      if (atMs > freshAtMs - clocksMs || leftOut.has(ref) || (!heals && atMs <= concealedMs)) continue;
      const there = body === null ? undefined : saidBy(body);
      if (here.get(ref) === there) continue;
      const what = there === undefined ? 'was removed' : here.has(ref) ? 'was changed' : 'was made';
      return `${calendarId} of ${login} claims to be fresh as of ${seconds(now() - freshAtMs)} ago; ${ref} ${what} ${seconds(now() - atMs)} ago, unseen`;
    }
    return null;
  }

  return {
    appended({ changes }) {
      for (const change of changes) {
        if (change.kind === 'calendar_gone') recorded.delete(change.calendarId);
        if (change.kind === 'resource_removed') recorded.get(change.calendarId)?.delete(change.ref);
        if (change.kind !== 'resource_put') continue;
        const bodies = recorded.get(change.calendarId) ?? new Map<string, string>();
        recorded.set(change.calendarId, bodies.set(change.ref, saidBy(change.body)));
      }
    },
    checkpointStored(checkpoint, login) {
      const { _id, listedAtMs } = checkpoint;
      const before = checkpoints.get(_id);
      checkpoints.set(_id, checkpoint);
      const inParts = before?.listedAtMs === null && before.deltaPages > 0;
      if (listedAtMs === null || listedAtMs === before?.listedAtMs || inParts) return;
      listedMs.set(_id, now());
      wentBack.delete(`${login} ${refOf(_id)}`);
    },
    answered({ user, report, faults }, calendar) {
      const place = `${user} ${calendar}`;
      const isAfterGoingBack = report === 'sync-collection' && wentBack.has(place);
      const conceals = isAfterGoingBack || faults.some((one) => omitting.has(one) || one === startingOver);
      // The clock of the server is rounded.
      if (conceals) concealedAtMs.set(calendar, Math.ceil(now()));
      if (faults.includes(goingBack)) wentBack.add(place);
    },
    claimed({ name, calendars }) {
      for (const [calendarId, { freshAtMs, state }] of Object.entries(calendars)) {
        if (freshAtMs === null || state.name !== 'live' || claims.get(calendarId) === freshAtMs) continue;
        claims.set(calendarId, freshAtMs);
        const why = stale(name, calendarId as CalendarId, freshAtMs);
        if (why !== null) return why;
      }
      return null;
    },
  };
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
