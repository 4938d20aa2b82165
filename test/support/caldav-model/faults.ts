/** Every way in which the model server can be wrong: a closed table of switches, who they apply to, how often they fired. */
import type { Random } from '../../../domain/clock.ts';
import type { ModelRequest } from './exchange.ts';

/**
 * What each fault does; sources in facts about providers B2–B4 and F. `value` is the default of the one number that a
 * rule may set, in the unit that its sentence names.
 */
export const faultTable = {
  // reports that name resources
  multiget_stops_at_missing: {
    does: 'multiget answers only up to the first resource that is not there (February 2020)',
  },
  multiget_omits: { does: 'multiget leaves out each asked resource with this chance, silently', value: 0.3 },
  multiget_404_all: { does: 'multiget answers 404 for every resource, though they are there' },
  multiget_404_listed: { does: 'multiget answers 404 for each listed resource with this chance', value: 0.3 },
  multiget_empty_href: { does: 'multiget answers with an empty href in place of the first resource' },
  body_as_propstat_404: { does: 'multiget answers the etag, and 404 for calendar-data, of the first resource' },
  multiget_413: { does: 'a multiget that names more resources than this is refused with 413 as a whole', value: 1 },
  bodies_in_two_cdata: { does: 'calendar-data comes in two CDATA sections (B4)' },
  // listings
  listing_empty: { does: 'a complete listing of a calendar is empty' },
  listing_omits: { does: 'a complete listing leaves out each resource with this chance', value: 0.3 },
  home_empty: { does: 'the list of calendars is empty' },
  home_omits: { does: 'the list of calendars leaves out each calendar with this chance', value: 0.5 },
  // deltas
  initial_tells_removals: { does: 'a sync without a token also names what was removed before, as 404 (Radicale)' },
  delta_repeats: { does: 'a delta begins this many revisions before its token: it repeats itself', value: 5 },
  delta_omits: { does: 'a delta leaves out each row with this chance, and its token advances past it', value: 0.5 },
  token_stuck: { does: 'a delta returns the token that it was asked with: endless replay (rustical #251)' },
  token_zero: {
    does: 'a delta with nothing to tell returns the first token: the next one replays everything (rustical)',
  },
  token_number: { does: 'tokens are numbers of twenty digits, not URIs (iCloud)' },
  token_one_second: { does: 'tokens are whole seconds: a delta repeats everything of the second of its token' },
  token_forgotten_400: { does: 'a known token is refused with 400' },
  token_forgotten_403: { does: 'a known token is refused with 403 valid-sync-token' },
  token_forgotten_409: { does: 'a known token is refused with 409 valid-sync-token' },
  token_forgotten_410: { does: 'a known token is refused with 410' },
  token_forgotten_412: { does: 'a known token is refused with 412' },
  token_forgotten_415: { does: 'a known token is refused with 415 (fruux)' },
  token_forgotten_418: { does: 'a known token is refused with 418 (old Nextcloud)' },
  token_forgotten_500: { does: 'a known token is refused with 500 (Xandikos)' },
  token_forgotten_full_list: { does: 'a known token is answered with the full list, without removals' },
  pages_507: { does: 'sync-collection answers at most this many rows and 507 for the collection', value: 3 },
  limit_refused_507: { does: 'a sync-collection with a limit is refused with 507 as a whole' },
  removals_as_propstat_404: { does: 'removals come as a propstat with 404 instead of a response with 404' },
  // documents
  second_root: { does: 'the multistatus is followed by a second document (ownCloud #38729)' },
  body_cut: { does: 'the connection ends after this share of the announced body', value: 0.5 },
  body_cut_clean: { does: 'the document ends after this share, with a matching Content-Length', value: 0.5 },
  html_200: { does: 'any answer is 200 with an HTML page (captive portal, maintenance)' },
  statuses_empty: { does: 'the status of what was found is an empty element (iCloud)' },
  status_before_props: { does: 'the status of a propstat precedes its properties (Xandikos)' },
  props_in_two_propstats: { does: 'what was found is spread over two propstats (iCloud)' },
  content_type_wrong: { does: 'a multistatus is said to be text/html' },
  missing_href_mangled: { does: 'what is not there is named by its whole URL, escaped once more (Xandikos)' },
  hrefs_at_escaped: { does: 'hrefs spell @ as %40, and what is asked for so is not there (iCloud)' },
  allprop_500: { does: 'a PROPFIND that names no property is answered with 500 (iCloud)' },
  query_without_component_400: { does: 'a calendar-query without an inner component filter is 400 (iCloud)' },
  hrefs_escaped: { does: 'hrefs come back percent-encoded in more places than they were asked' },
  // access
  unauthorized_anyway: { does: '401 though the credentials are right (iCloud)' },
  forbidden_anyway: { does: '403 without a reason though the credentials are right' },
  moved_redirect: { does: 'the first origin redirects everything to the second with this status', value: 301 },
  moved_hrefs: { does: 'the first origin answers with absolute hrefs on the second' },
  moved_gone: {
    does: 'the first origin knows only the way to the second: all below principals is answered with this status there',
    value: 404,
  },
  principal_wrong_500: { does: 'with a right password, somebody else’s principal or home is 500 (GMX)' },
  // writes
  preconditions_ignored: { does: 'If-Match, If-None-Match and If-Schedule-Tag-Match are not looked at' },
  put_failure_in_207: { does: 'a PUT that fails is answered 207 around its failure (Xandikos)' },
  put_deleted_uid_400: {
    does: 'a UID that was removed from the calendar is refused with 400 (the trash bin of Nextcloud)',
  },
  put_uid_elsewhere_409: { does: 'a UID that another calendar of the person holds is refused with 409 (Fastmail)' },
  uid_aliased_changes: {
    does: 'a UID in two calendars of a person is one event: what is written or removed here is so there, too (Zimbra)',
  },
  uid_aliased_moves: { does: 'a UID is in one calendar of a person: writing it here takes it from there (Zimbra)' },
  put_without_end_403: { does: 'an event without DTEND is refused (iCloud)' },
  put_rewrites_body: { does: 'the server stores another body than it was sent and returns no ETag' },
  put_drops_location: { does: 'the server drops LOCATION from what it is sent and returns no ETag' },
  put_adds_alarm: { does: 'the server adds its default alarm to what it is sent and returns no ETag (iCloud)' },
  put_drops_alarms: { does: 'the server drops the alarms of what it is sent and returns no ETag (iCloud)' },
  reads_add_alarm: { does: 'what is read has a default alarm that was never written, under the same etag (iCloud)' },
  put_without_etag: { does: 'a PUT that succeeds returns no ETag' },
  duplicate_uids_accepted: { does: 'a second resource with a UID of the same calendar is accepted' },
  weak_etags: { does: 'etags are weak' },
  bare_etags: { does: 'etags are times without quotes (DavMail)' },
  etags_unlisted: { does: 'listings, deltas and reports name no etag, a GET and a PUT do (Google)' },
  etags_absent: { does: 'no answer names an etag (Google)' },
  delete_third_403: { does: 'a DELETE is refused with 403 where the UID was removed twice before (Nextcloud #42582)' },
  write_forbidden_403: { does: 'PUT and DELETE are 403 without a reason, reads work (iCloud)' },
  write_locked_423: { does: 'PUT and DELETE are 423: somebody holds a lock' },
  mkcalendar_405: { does: 'no calendar can be made (Google)' },
  delete_404: { does: 'a DELETE that removes the resource answers 404' },
  // time and load
  clock_skew: {
    does: 'the clock is ahead by this many milliseconds: Date, and Retry-After as a date',
    value: 3_600_000,
  },
  throttled_429: { does: '429 without Retry-After' },
  throttled_429_seconds: { does: '429 with Retry-After of this many seconds', value: 60 },
  throttled_429_date: { does: '429 with Retry-After as a date this many seconds ahead', value: 60 },
  throttled_503_seconds: { does: '503 with Retry-After of this many seconds', value: 60 },
  slow_answer: { does: 'the answer comes after this many milliseconds', value: 3_000 },
  slow_hrefs: { does: 'a multiget needs this many milliseconds for each resource (Xandikos)', value: 34 },
  slow_drip: { does: 'the body comes at this many bytes a second', value: 200 },
  host_down: { does: 'nobody listens: no request arrives (on a real port: the connection is dropped)' },
  hangs: { does: 'the request is never answered and has no effect' },
  status_500: { does: '500 before any effect' },
  status_501: { does: '501 before any effect: no connection was left behind the server (SOGo)' },
  status_502: { does: '502 before any effect' },
  status_503: { does: '503 without Retry-After, before any effect' },
  status_504: { does: '504 before any effect' },
  status_502_after_effect: { does: '502 though the effect was applied' },
  dropped_before_effect: { does: 'the connection is dropped before the effect' },
  dropped_after_effect: { does: 'the connection is dropped after the effect was applied: the outcome is unknown' },
  effect_late: { does: 'the request is never answered; its effect comes this many milliseconds later', value: 60_000 },
} as const satisfies Record<string, { readonly does: string; readonly value?: number }>;

export type FaultName = keyof typeof faultTable;

export const faultNames: readonly FaultName[] = Object.keys(faultTable) as FaultName[];

/** Which requests a rule is for; all that is given must hold. */
export interface FaultScope {
  readonly method?: string;
  readonly pathPrefix?: string;
  /** A login. */
  readonly user?: string;
  readonly matches?: (request: ModelRequest) => boolean;
}

/** When a fault fires, where, and the number of its sentence in `faultTable` when it is not the default. */
export type FaultRule = ({ readonly always: true } | { readonly probability: number } | { readonly nextN: number }) & {
  readonly only?: FaultScope;
  readonly value?: number;
};

/** The switches of one server. Nothing is wrong until `set`. */
export class Faults {
  readonly #rules = new Map<FaultName, { rule: FaultRule; left: number }>();
  readonly #counts = new Map<FaultName, number>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  set(name: FaultName, rule: FaultRule): void {
    this.#rules.set(name, { rule, left: 'nextN' in rule ? rule.nextN : Infinity });
  }

  clear(name: FaultName): void {
    this.#rules.delete(name);
  }

  /** The last fault stops; counts stay. */
  clearAll(): void {
    this.#rules.clear();
  }

  /** Which are switched on now. */
  active(): readonly FaultName[] {
    return [...this.#rules.keys()];
  }

  /** How often each fault changed an answer; faults that never did are absent. */
  counts(): ReadonlyMap<FaultName, number> {
    return this.#counts;
  }

  count(name: FaultName): number {
    return this.#counts.get(name) ?? 0;
  }

  /**
   * Whether the fault fires on this request, and with which number. Ask only where it would change the answer: asking
   * rolls the die, uses up `nextN`, counts, and notes the fault in the request's log entry. `changes` is for faults
   * whose number decides whether they would change anything.
   */
  fires(
    name: FaultName,
    request: ModelRequest,
    changes: (value: number) => boolean = () => true,
  ): { readonly value: number } | null {
    const entry = this.#rules.get(name);
    if (entry === undefined || !inScope(entry.rule.only, request)) return null;
    const value = entry.rule.value ?? defaultValue(name);
    if (!changes(value)) return null;
    if ('probability' in entry.rule && this.#random() >= entry.rule.probability) return null;
    if (entry.left <= 0) return null;
    entry.left -= 1;
    if (entry.left <= 0) this.#rules.delete(name);
    this.#counts.set(name, this.count(name) + 1);
    request.faults.push(name);
    return { value };
  }

  /** The first of several that fires. */
  first<N extends FaultName>(names: readonly N[], request: ModelRequest): { name: N; value: number } | null {
    for (const name of names) {
      const fired = this.fires(name, request);
      if (fired !== null) return { name, value: fired.value };
    }
    return null;
  }

  /** A die for faults that hit single rows. */
  chance(share: number): boolean {
    return this.#random() < share;
  }
}

function defaultValue(name: FaultName): number {
  const row = faultTable[name];
  return 'value' in row ? row.value : 0;
}

function inScope(only: FaultScope | undefined, request: ModelRequest): boolean {
  if (only === undefined) return true;
  if (only.method !== undefined && only.method !== request.method) return false;
  if (only.pathPrefix !== undefined && !request.path.startsWith(only.pathPrefix)) return false;
  if (only.user !== undefined && only.user !== request.user) return false;
  return only.matches === undefined || only.matches(request);
}
