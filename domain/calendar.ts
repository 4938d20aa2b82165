/** A calendar: the collection of events that a provider holds, as it was observed and as it is cached. */
import type { AccountId, CalendarId, ProfileId } from './ids.ts';

/** What a calendar list showed of one calendar. */
export interface ObservedCalendar {
  /** The calendar's address relative to the account's root, decoded, with its trailing slash. */
  readonly ref: string;
  readonly name: string;
  /** `#rrggbb`, or null where the server has none. */
  readonly color: string | null;
  /** IANA name; null where the server has none or one that cannot be resolved. */
  readonly timeZone: string | null;
  readonly readOnly: boolean;
  /** The provider's default calendar. */
  readonly primary: boolean;
  /** e.g. `read`, `write-content`, `unbind`, as the server names them. */
  readonly privileges: readonly string[];
}

/** The projection `calendars`; rebuilt from changes of kind `calendar_put` and `calendar_gone`. */
export interface CalendarDoc extends ObservedCalendar {
  readonly _id: CalendarId;
  readonly profileId: ProfileId;
  readonly accountId: AccountId;
  /** Deleted calendars stay listed. */
  readonly deleted: boolean;
  /** The seq of the last commit that changed this document. */
  readonly seq: number;
}

/** `a` and `b` say the same to every reader. */
export function sameCalendar(a: ObservedCalendar, b: ObservedCalendar): boolean {
  return (
    a.ref === b.ref &&
    a.name === b.name &&
    a.color === b.color &&
    a.timeZone === b.timeZone &&
    a.readOnly === b.readOnly &&
    a.primary === b.primary &&
    a.privileges.join(' ') === b.privileges.join(' ')
  );
}
