/** Permission: the one place that decides whether a caller may do what it asks. */
import type { Caller, Scope } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import { KalendsError } from '../../domain/errors.ts';
import { asCalendarId, asProfileId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';
import { problem } from './problems.ts';

/** Rejects with `not_permitted` unless the grant holds one of `scopes`. */
export function requireScope(caller: Caller, ...scopes: readonly Scope[]): void {
  if (scopes.some((scope) => caller.scopes.includes(scope))) return;
  throw new KalendsError('not_permitted', `the access token lacks the scope ${scopes.join(' or ')}`);
}

/** Null unless the profile exists and belongs to the caller's account and application. */
export async function ownProfile(documents: Documents, caller: Caller, profileId: string): Promise<ProfileDoc | null> {
  const profile = await documents.get('profiles', asProfileId(profileId));
  const own = profile !== null && profile.accountId === caller.accountId && profile.appId === caller.appId;
  return own ? profile : null;
}

/**
 * A profile that cannot be written to until its person has consented again; anything less keeps accepting writes,
 * which wait for the calendar to come back.
 */
export const isLocked = (profile: ProfileDoc): boolean =>
  profile.state.name === 'relink_required' || profile.state.name === 'disconnected';

export const profileLocked = (profile: ProfileDoc): KalendsError =>
  new KalendsError('profile_locked', 'the profile is disconnected: its owner must connect it again', {
    ids: { profileId: profile._id },
  });

export interface WritableCalendar {
  readonly calendar: CalendarDoc;
  readonly profile: ProfileDoc;
}

/**
 * A calendar that this caller may write events to. Rejects with `calendar_unknown` (also for somebody else's),
 * `invalid_input` for a deleted one, `calendar_read_only`, or `profile_locked`.
 */
export async function writableCalendar(
  documents: Documents,
  caller: Caller,
  calendarId: string,
): Promise<WritableCalendar> {
  const calendar = await documents.get('calendars', asCalendarId(calendarId));
  const profile = calendar === null ? null : await ownProfile(documents, caller, calendar.profileId);
  if (calendar === null || profile === null) {
    throw new KalendsError('calendar_unknown', 'this account has no such calendar');
  }
  if (calendar.deleted) throw problem('calendar_id', 'errors.calendar_deleted', 'the calendar was deleted');
  if (calendar.readOnly) throw new KalendsError('calendar_read_only', 'the calendar is read-only');
  if (isLocked(profile)) throw profileLocked(profile);
  return { calendar, profile };
}
