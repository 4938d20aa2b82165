/** Recurrence keys: the original start of an occurrence as a name that stays when the occurrence moves. */
import type { EventTime } from '../event.ts';
import { dateOf, localOf } from '../time/zone.ts';

/** `20261121T090000Z` for instants, `20261121` for dates, `20261121T090000` for floating times. */
export function recurrenceKeyOf(
  kind: EventTime['kind'],
  place: { readonly wallMs: number; readonly startMs: number },
): string {
  if (kind === 'date') return basic(dateOf(place.wallMs));
  return kind === 'floating' ? basic(localOf(place.wallMs)) : `${basic(localOf(place.startMs))}Z`;
}

const basic = (text: string): string => text.replace(/[-:]/g, '');
