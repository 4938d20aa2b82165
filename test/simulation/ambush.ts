/** Ambushes: a fault waits for a state, into which profiles, calendars and items are brought again and again. */
import type { FaultName, Faults } from '../support/caldav-model/faults.ts';
import type { ModelRequest } from '../support/caldav-model/exchange.ts';
import { segmentsOf } from '../support/caldav-model/state.ts';
import type { Member } from './cast.ts';
import type { AskingState } from './meeting.ts';
import type { Watch } from './watch.ts';

export interface Ambush {
  readonly fault: FaultName;
  readonly state: AskingState;
}

/** The states that a request of this login for this path meets. */
export function statesMet(
  watch: Watch,
  cast: readonly Member[],
  { user, path }: Pick<ModelRequest, 'user' | 'path'>,
): readonly string[] {
  const member = cast.find((one) => one.login === user);
  if (member === undefined) return [];
  const { profileId, refs, app } = member;
  const profile = `profile ${watch.profileState(profileId)}`;
  const calendarId = app.calendars[refs.indexOf(`${segmentsOf(path)[2] ?? ''}/`)];
  if (calendarId === undefined) return [profile];
  const items = watch.itemStates(calendarId).map((state) => `item ${state}`);
  return [profile, `calendar ${watch.calendarState(profileId, calendarId)}`, ...items];
}

/** Faults that only a PUT or a DELETE can meet. */
const ofWrites = /^(?:put|delete|write|preconditions)_|effect_late|after_effect/;
/** Which question it goes wrong with; the others come with any that names resources. */
const ofHomes = /^home_/;
const ofDeltas = /^(?:initial|delta|token|pages|removals)_/;
const ofListings = /^listing_/;
export const needsWrite = ({ fault }: Ambush): boolean => ofWrites.test(fault);
export const needsListing = ({ fault, state }: Ambush): boolean => ofListings.test(fault) || state === 'item held';

function isOfItsKind({ fault }: Ambush, request: ModelRequest): boolean {
  if (ofWrites.test(fault)) return isWrite(request);
  if (ofHomes.test(fault)) return partsOf(request) === 2;
  if (ofDeltas.test(fault)) return isReport(request, 'sync-collection');
  if (ofListings.test(fault)) return isListing(request);
  return isReport(request, 'calendar-multiget');
}

export const isWrite = ({ method }: ModelRequest): boolean => method === 'PUT' || method === 'DELETE';

/** Of a calendar, without a token. */
export const isListing = (request: ModelRequest): boolean =>
  partsOf(request) === 3 && request.method === 'PROPFIND' && request.headers['depth'] === '1';

/** Steps after which it is brought about, counted from when the ambush is laid. */
export const occasionsOf = ({ state }: Ambush): readonly number[] =>
  state === 'profile connecting' || state === 'calendar initial'
    ? [0, 30, 60, 90, 120, 400, 700]
    : [0, 200, 400, 600, 800, 1_000];

/** What goes wrong for others, so that somebody comes into the state. */
export function bringThere(faults: Faults, ambush: Ambush, isThere: (request: ModelRequest) => boolean): void {
  const { fault, state } = ambush;
  const only = (matches: (request: ModelRequest) => boolean) => ({
    matches: (request: ModelRequest) => !isThere(request) && matches(request),
  });
  switch (state) {
    case 'profile backing_off':
      // What a profile that backs off tries again is what failed.
      return faults.set(fault === 'throttled_429' ? 'throttled_503_seconds' : 'throttled_429', {
        nextN: 1,
        only: only((one) => isOfItsKind(ambush, one)),
      });
    case 'calendar initial':
      // A token is used before everything was listed.
      return ofDeltas.test(fault) && fault !== 'pages_507' ? faults.set('pages_507', { nextN: 2 }) : undefined;
    case 'profile quarantined':
    case 'calendar quarantined':
      // A calendar is quarantined for what its own requests suffer, a profile for what the others do.
      return faults.set(fault === 'status_500' ? 'forbidden_anyway' : 'status_500', {
        nextN: 8,
        only: only((one) => partsOf(one) > 2 === (state === 'calendar quarantined')),
      });
    case 'item held':
      return faults.set('listing_omits', { nextN: 1 });
    case 'item quarantined':
      return faults.set(fault === 'status_500' ? 'forbidden_anyway' : 'status_500', {
        nextN: 8,
        only: only((one) => isReport(one, 'calendar-multiget') || (one.method === 'GET' && partsOf(one) === 4)),
      });
    default:
  }
}

const partsOf = ({ path }: ModelRequest): number => segmentsOf(path).length;
const isReport = ({ method, body }: ModelRequest, name: string): boolean => method === 'REPORT' && body.includes(name);
