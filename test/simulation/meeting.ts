/** Which faults can meet which states of a profile and of its calendars. */
import type { FaultName } from '../support/caldav-model/faults.ts';

/** Faults that no request of Kalends can meet, with the reason. */
export const neverMet: ReadonlyMap<FaultName, string> = new Map([
  ['limit_refused_507', 'Kalends sends no limit with a sync-collection'],
  [
    'duplicate_uids_accepted',
    'no two resources that Kalends writes have one UID; people add theirs without any request',
  ],
]);

/** Profiles are in these too shortly for everything to happen to them by chance. */
export type RareState = 'profile backing_off' | 'profile quarantined' | 'calendar quarantined';
export type CommonState = 'profile connecting' | 'profile live' | 'calendar initial' | 'calendar live';

/** Faults of any request at all, so that a probe meets them as well. */
const ofAnyRequest: ReadonlySet<FaultName> = new Set([
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
  'status_502',
  'status_503',
  'status_504',
  'dropped_before_effect',
]);

/** The list of calendars is there before any calendar is. */
const ofTheHome: ReadonlySet<FaultName> = new Set(['home_empty', 'home_omits']);

/**
 * A server that is somewhere else only while a profile backs off would be one for some questions of a turn and another
 * for the rest: it is met without an ambush, or not at all.
 */
const notByAmbush: ReadonlySet<FaultName> = new Set(['moved_gone']);

/**
 * A profile that backs off tries its ordinary work once. A quarantined one is asked whether it answers, and for its list;
 * a quarantined calendar for its version first.
 */
export function statesToMeet(fault: FaultName): readonly RareState[] {
  if (neverMet.has(fault) || notByAmbush.has(fault)) return [];
  if (ofTheHome.has(fault)) return ['profile backing_off'];
  return ofAnyRequest.has(fault)
    ? ['profile backing_off', 'profile quarantined', 'calendar quarantined']
    : ['profile backing_off'];
}

/** Whether a few hundred seeds meet the two by design; else it is chance that thousands of seeds have. */
export const isMetSoon = (fault: FaultName, state: RareState | CommonState): boolean =>
  state === 'profile live' || ofAnyRequest.has(fault);

export function commonStates(fault: FaultName): readonly CommonState[] {
  if (neverMet.has(fault)) return [];
  if (ofTheHome.has(fault)) return ['profile connecting', 'profile live'];
  return ['profile connecting', 'profile live', 'calendar initial', 'calendar live'];
}
