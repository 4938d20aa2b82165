/** An independent reading of the calendar: ical.js over the files of the server, with none of our own code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ICAL from 'ical.js';
import { readingOf, seenHash, type Reading, type SeenOccurrence } from '../kit/answers.ts';
import type { SubjectActions } from '../kit/subject.ts';

export interface WindowQuestion {
  /** The folder in which the server keeps the calendar's files. */
  readonly folder: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const bodiesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ics'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));

function read({ folder, fromMs, toMs }: WindowQuestion): Reading & { readonly tookMs: number } {
  const bodies = bodiesIn(folder);
  const startedAt = performance.now();
  const seen = bodies.flatMap((body) => occurrencesIn(body, fromMs, toMs));
  const tookMs = performance.now() - startedAt;
  return { ...readingOf(bodies.length, seen.map(seenHash)), tookMs };
}

/** Single events whatever the window, occurrences of series inside it. */
function occurrencesIn(body: string, fromMs: number, toMs: number): SeenOccurrence[] {
  const calendar = new ICAL.Component(ICAL.parse(body) as unknown[]);
  const component = calendar.getFirstSubcomponent('vevent');
  if (component === null) return [];
  const event = new ICAL.Event(component);
  const fields = fieldsOf(event);
  if (!event.isRecurring()) return [{ ...fields, ...span(event.startDate, event.endDate) }];
  const found: SeenOccurrence[] = [];
  const iterator = event.iterator();
  for (let start = iterator.next(); start !== null && start !== undefined; start = iterator.next()) {
    const details = event.getOccurrenceDetails(start);
    const times = span(details.startDate, details.endDate);
    if (times.startMs >= toMs) break;
    if (times.endMs > fromMs) found.push({ ...fields, ...times });
  }
  return found;
}

const span = (start: ICAL.Time, end: ICAL.Time) => ({
  startMs: start.toUnixTime() * 1_000,
  endMs: end.toUnixTime() * 1_000,
});

const address = (value: unknown): string => String(value).replace(/^mailto:/i, '');

const fieldsOf = (event: ICAL.Event) => ({
  uid: event.uid,
  summary: event.summary,
  location: event.location,
  description: event.description,
  organizer: address(event.organizer),
  attendees: event.attendees.map((one) => address(one.getFirstValue())),
});

export const subject = {
  /** The first time with code that was never run, the second time warm. */
  read: async (question: WindowQuestion) => {
    const cold = read(question).tookMs;
    const { tookMs: warm, ...reading } = read(question);
    return { ...reading, cold, warm };
  },
} satisfies SubjectActions;
