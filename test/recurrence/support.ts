/** Series written as a calendar file would have them, for the suites of this folder. */
import type { EventComponent, EventTime, NormalisedResource, Recurrence } from '../../domain/event.ts';
import type { TimeWindow } from '../../domain/occurrence.ts';
import { ianaZone, utc } from '../../domain/time/iana.ts';
import { dateOf, dayOf, localOf, wallOf, type Zone } from '../../domain/time/zone.ts';

export const zoneNamed = (name: string): Zone => {
  const zone = ianaZone(name);
  if (zone === null) throw new Error(`the runtime has no zone ${name}`);
  return zone;
};

/** `2026-03-29` is a date, `2026-03-29T09:00:00` floating, with a zone's name after it an instant, with Z one in UTC. */
export function time(text: string): EventTime {
  const [local = '', tzid] = text.replace('Z', ' Etc/UTC').split(' ');
  if (local.length === 10) return { kind: 'date', date: local };
  if (tzid === undefined) return { kind: 'floating', local };
  return { kind: 'instant', ms: zoneNamed(tzid).toInstant(wallOf(local)), tzid };
}

const plain = {
  summary: 'Stand-up',
  description: '',
  location: null,
  status: 'confirmed',
  transparency: 'opaque',
  extendedTransparency: 'opaque',
  organizer: null,
  attendees: [],
  categories: [],
  private: false,
  url: null,
  color: null,
  reminders: [],
  recurrenceId: null,
  thisAndFuture: false,
} as const;

export const component = (start: string, end: string, changes: Partial<EventComponent> = {}): EventComponent => ({
  ...plain,
  start: time(start),
  end: time(end),
  ...changes,
});

export interface SeriesText {
  readonly start: string;
  /** Milliseconds; days for dates. Default: an hour, or a day. */
  readonly duration?: Recurrence['duration'];
  readonly rules?: readonly string[];
  readonly dates?: readonly (string | readonly [string, string])[];
  readonly excluded?: readonly string[];
  readonly zone?: Zone;
}

export function recurrenceOf(text: SeriesText): Recurrence {
  const start = time(text.start);
  const zone = text.zone ?? (start.kind === 'instant' ? zoneNamed(start.tzid) : null);
  return {
    localStart: text.start.replace('Z', '').split(' ')[0] ?? '',
    duration: text.duration ?? (start.kind === 'date' ? { days: 1, exactMs: 0 } : { days: 0, exactMs: 3_600_000 }),
    rules: text.rules ?? [],
    dates: (text.dates ?? []).map((date) =>
      typeof date === 'string' ? { start: time(date), end: null } : { start: time(date[0]), end: time(date[1]) },
    ),
    excluded: (text.excluded ?? []).map(time),
    zone,
  };
}

/** A master that lasts as long as its recurrence says, with its exceptions. */
export function seriesOf(text: SeriesText, exceptions: readonly EventComponent[] = []): NormalisedResource {
  const recurrence = recurrenceOf(text);
  const start = time(text.start);
  const lengthMs = recurrence.duration.days * 86_400_000 + recurrence.duration.exactMs;
  return resource({ ...plain, start, end: later(start, lengthMs) }, recurrence, exceptions);
}

export const resource = (
  master: EventComponent | null,
  recurrence: Recurrence | null,
  exceptions: readonly EventComponent[] = [],
): NormalisedResource => ({ uid: 'uid', master, recurrence, exceptions, observedHash: '', problem: null });

function later(start: EventTime, ms: number): EventTime {
  if (start.kind === 'instant') return { ...start, ms: start.ms + ms };
  if (start.kind === 'date') return { kind: 'date', date: dateOf(dayOf(start.date) + ms) };
  return { kind: 'floating', local: localOf(wallOf(start.local) + ms) };
}

export const windowOf = (from: string, to: string): TimeWindow => ({
  fromMs: Date.parse(`${from}T00:00:00Z`),
  toMs: Date.parse(`${to}T00:00:00Z`),
});

/** `2026-03-29T01:30Z` */
export const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

export { utc };
