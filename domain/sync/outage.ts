/** Outages that are no state of the profile itself, its host's or all of its calendars', and when applications hear of them. */
import type { ErrorCode } from '../errors.ts';
import { slotCount } from '../ids.ts';
import type { NoticeType } from '../notice.ts';
import type { ProfileDoc } from '../profile.ts';

export interface Outage {
  readonly code: ErrorCode;
  readonly sinceMs: number;
}

export interface OutageNumbers {
  readonly noticeAfterMs: number;
  /** A host's outage is told to its thousands of profiles over this long. */
  readonly noticeSpreadMs: number;
}

export type Telling =
  | { readonly kind: 'tell'; readonly notice: NoticeType; readonly detail: string }
  | { readonly kind: 'wait'; readonly atMs: number }
  | { readonly kind: 'nothing' };

/** Told once it has lasted, as a quarantine is; its end once the profile is live, where it was told. */
export function tellingOf(
  profile: ProfileDoc,
  ofHost: Outage | null,
  { noticeAfterMs, noticeSpreadMs }: OutageNumbers,
  nowMs: number,
): Telling {
  const { state } = profile;
  const told = (profile.outageToldAtMs ?? null) !== null;
  const outage = ofHost ?? (state.name === 'live' ? ofCalendars(profile) : null);
  if (outage === null) {
    return told && state.name === 'live'
      ? { kind: 'tell', notice: 'reinstated', detail: 'the provider answers again' }
      : { kind: 'nothing' };
  }
  const known = told || (state.name === 'quarantined' && state.told === true);
  if (known || state.name === 'relink_required' || state.name === 'disconnected') return { kind: 'nothing' };
  const spreadMs = ofHost === null ? 0 : Math.floor((noticeSpreadMs * profile.slot) / slotCount);
  const atMs = outage.sinceMs + noticeAfterMs + spreadMs;
  if (nowMs < atMs) return { kind: 'wait', atMs };
  return { kind: 'tell', notice: 'quarantined', detail: outage.code };
}

/** All of them, since the last one joined; a profile without calendars lacks none. */
function ofCalendars(profile: ProfileDoc): Outage | null {
  let last: Outage | null = null;
  for (const { state } of Object.values(profile.calendars)) {
    if (state.name === 'gone') continue;
    if (state.name !== 'quarantined') return null;
    if (last === null || state.sinceMs > last.sinceMs) last = state;
  }
  return last;
}
