/** Which faults can meet which states of a profile, of the calendar that is asked for, and of what is left behind of it. */
import type { FaultName } from '../support/caldav-model/faults.ts';

/** Faults that no request of Kalends can meet, with the reason. */
export const neverMet: ReadonlyMap<FaultName, string> = new Map([
  ['limit_refused_507', 'Kalends sends no limit with a sync-collection'],
  ['allprop_500', 'Kalends names the properties that it asks for'],
  ['query_without_component_400', 'Kalends asks for VEVENT'],
  ['principal_wrong_500', 'nobody asks for another principal than the own, but by typing its address'],
  ['put_uid_elsewhere_409', 'a UID that Kalends chooses is of one calendar'],
  ['uid_aliased_changes', 'a UID that Kalends chooses is of one calendar, and nobody copies it to another here'],
  ['uid_aliased_moves', 'the same'],
  ['put_drops_alarms', 'no application asks for reminders here; what the server added may be dropped all the same'],
  ['put_without_end_403', 'Kalends writes DTEND'],
  ['delete_third_403', 'each life has a UID of its own, and ends once'],
  ['mkcalendar_405', 'no calendar is made here'],
  [
    'duplicate_uids_accepted',
    'no two resources that Kalends writes have one UID, unless its precondition for the name that a person moved is ignored; people add theirs without any request',
  ],
]);

/** States in which something is asked of a provider; `item`: the calendar that is asked for has one in that state. */
export const askingStates = [
  'profile connecting',
  'profile live',
  'profile backing_off',
  'profile quarantined',
  'calendar initial',
  'calendar live',
  'calendar quarantined',
  'item owed',
  'item held',
  'item quarantined',
] as const;
export type AskingState = (typeof askingStates)[number];

/** Nobody is asked anything about these, so no fault can meet them; they are to be reached all the same. */
export const silentStates = ['profile relink_required', 'profile disconnected', 'calendar gone'] as const;
export type SilentState = (typeof silentStates)[number];

/** Faults of any request at all, so that a probe meets them as well. */
const ofAnyRequest: ReadonlySet<FaultName> = new Set([
  'statuses_empty',
  'status_before_props',
  'props_in_two_propstats',
  'content_type_wrong',
  'second_root',
  'body_cut',
  'body_cut_clean',
  'html_200',
  'unauthorized_anyway',
  'forbidden_anyway',
  'moved_redirect',
  'clock_skew',
  'throttled_429',
  'throttled_429_seconds',
  'throttled_429_date',
  'throttled_503_seconds',
  'slow_answer',
  'slow_drip',
  'host_down',
  'hangs',
  'status_500',
  'status_501',
  'status_502',
  'status_503',
  'status_504',
  'dropped_before_effect',
]);

/** Faults of the question for what is owed. */
const ofMultigets: ReadonlySet<FaultName> = new Set([
  'multiget_stops_at_missing',
  'multiget_omits',
  'multiget_404_all',
  'multiget_404_listed',
  'multiget_empty_href',
  'body_as_propstat_404',
  'multiget_413',
  'bodies_in_two_cdata',
  'missing_href_mangled',
  'slow_hrefs',
]);

/** The list of calendars is there before any calendar is. */
const ofTheHome: ReadonlySet<FaultName> = new Set(['home_empty', 'home_omits']);

/** They need something before them: a delta without news, or a UID that was removed before anybody saw it. */
const ofQuietWork: ReadonlySet<FaultName> = new Set(['token_zero', 'put_deleted_uid_400']);

/**
 * A server that is somewhere else only while a profile backs off would be one for some questions of a turn and another
 * for the rest: it is met without an ambush, or not at all.
 */
const notByAmbush: ReadonlySet<FaultName> = new Set(['moved_gone']);

const ofOrdinaryWork: readonly AskingState[] = [
  'profile connecting',
  'profile live',
  'profile backing_off',
  'calendar initial',
  'calendar live',
];

/** A profile that backs off tries its ordinary work once; a quarantined one is asked whether it answers, and for its list. */
export function statesToMeet(fault: FaultName): readonly AskingState[] {
  if (neverMet.has(fault)) return [];
  if (ofTheHome.has(fault)) return ['profile connecting', 'profile live', 'profile backing_off'];
  if (ofQuietWork.has(fault)) return ['profile live', 'calendar live'];
  if (ofAnyRequest.has(fault)) return askingStates;
  if (ofMultigets.has(fault)) return [...ofOrdinaryWork, 'item owed'];
  return notByAmbush.has(fault) ? ofOrdinaryWork.filter((one) => one !== 'profile backing_off') : ofOrdinaryWork;
}

/** What is brought about on purpose; the rest happens by itself. */
export const ambushesOf = (fault: FaultName): readonly AskingState[] =>
  notByAmbush.has(fault)
    ? []
    : statesToMeet(fault).filter((state) => state !== 'profile live' && state !== 'calendar live');

/** They go wrong only with what somebody else changed at that very moment, or with the end of an event of our own. */
const ofConflicts: ReadonlySet<FaultName> = new Set(['preconditions_ignored', 'put_failure_in_207', 'delete_404']);

/** What a server answers to a listing, or by whatever reads: a calendar that was set aside is listed until it is well. */
const ofListings: ReadonlySet<FaultName> = new Set([
  ...ofMultigets,
  'listing_empty',
  'listing_omits',
  'initial_tells_removals',
  'token_number',
  'token_one_second',
  'pages_507',
  'hrefs_at_escaped',
  'hrefs_escaped',
  'moved_hrefs',
  'moved_gone',
  'reads_add_alarm',
  'weak_etags',
  'bare_etags',
  'etags_unlisted',
  'etags_absent',
]);

/** What is owed is asked for before anything else is read; writes do not wait for it. */
const ofWrites: ReadonlySet<FaultName> = new Set([
  'put_rewrites_body',
  'put_drops_location',
  'put_adds_alarm',
  'put_without_etag',
  'write_forbidden_403',
  'write_locked_423',
  'status_502_after_effect',
  'dropped_after_effect',
  'effect_late',
]);

/** Of so many seeds what is brought about on purpose, or happens all the time, is demanded; of more, what chance brings together. */
const few = 1;
const many = 2_000;
const most = 10_000;

/** Seeds of which it is demanded that the two have met; null: they cannot meet, or so seldom that nobody counts on it. */
export function seedsToMeet(fault: FaultName, state: AskingState): number | null {
  if (statesToMeet(fault).includes(state)) return ofConflicts.has(fault) && !isOrdinary(state) ? many : few;
  if (neverMet.has(fault) || ofTheHome.has(fault)) return null;
  // What is held or set aside is left behind by a calendar whose work goes on.
  if (state === 'item held') return few;
  if (state === 'item quarantined') return fault === 'moved_hrefs' ? null : most;
  if (state === 'item owed') return ofWrites.has(fault) ? many : ofConflicts.has(fault) ? most : null;
  return state === 'calendar quarantined' && ofListings.has(fault) ? many : null;
}

const isOrdinary = (state: AskingState): boolean => state === 'profile live' || state === 'calendar live';
