/** The verifier of the crash test: what is lost, or not there yet, is noticed, whatever people removed meanwhile. */
import { expect, it } from 'vitest';
import type { IntentDoc, Wish } from '../../domain/intent.ts';
import type { OwnEvent } from './application.ts';
import { rowsEqualServer, wishesAreAtTheServer, type Effect } from './verify.ts';

const calendar = '/calendars/alice/work/';
const event = (eventId: string): OwnEvent => ({
  token: '',
  profileId: '',
  calendarId: '',
  calendar,
  eventId,
  sent: [],
});
const asked = (eventId: string, ...markers: readonly string[]): [OwnEvent, IntentDoc[]] => [
  event(eventId),
  markers.map((marker) => ({ wish: wishFor(eventId, marker) }) as IntentDoc),
];
const wishFor = (eventId: string, marker: string): Wish =>
  ({ kind: 'upsert', patch: { summary: `${marker} ${eventId}` } }) as unknown as Wish;

const put = (path: string, marker: string, kind: 'created' | 'updated' = 'created'): Effect => ({ kind, path, marker });
const personRemoved = (path: string, marker: string): Effect => ({ kind: 'removed by a person', path, marker });
const empty = new Map([[calendar, new Map<string, string>()]]);

const check = (wishes: readonly [OwnEvent, IntentDoc[]][], effects: readonly Effect[]) => () =>
  wishesAreAtTheServer(new Map(wishes), empty, effects);

it('an event is missing and nobody removed it: the write is lost', () => {
  expect(check([asked('own-1', 'm1')], [])).toThrow();
  expect(check([asked('own-1', 'm1')], [put('a', 'm1')])).toThrow();
});

it('a person removed the event as it was asked for last: nothing is lost', () => {
  expect(
    check([asked('own-1', 'm1', 'm2')], [put('a', 'm1'), put('a', 'm2', 'updated'), personRemoved('a', 'm2')]),
  ).not.toThrow();
});

it('a PUT that is noted after the removal of what it put is no second write', () => {
  expect(check([asked('own-1', 'm1')], [personRemoved('a', 'm1'), put('a', 'm1')])).not.toThrow();
});

it('a person removed another event: the missing one is lost', () => {
  const wishes = [asked('own-1', 'm1'), asked('own-2', 'm2')];
  expect(check(wishes, [put('a', 'm1'), put('b', 'm2'), personRemoved('b', 'm2')])).toThrow(/own-1/);
});

it('a person removed an older state of the event: what was asked for since is lost', () => {
  expect(check([asked('own-1', 'm1', 'm2')], [put('a', 'm1'), personRemoved('a', 'm1')])).toThrow();
  const again = [put('a', 'm1'), personRemoved('a', 'm1'), put('a-g2', 'm2')];
  expect(check([asked('own-1', 'm1', 'm2')], again)).toThrow();
});

it('what was made again after a person removed it, and was removed by nobody who may, is lost', () => {
  const removed: Effect = { kind: 'removed', path: 'a', marker: null };
  expect(check([asked('own-1', 'm1')], [put('a', 'm1'), personRemoved('a', 'm1'), put('a', 'm1'), removed])).toThrow();
  expect(check([asked('own-1', 'm1')], [put('a', 'm1'), personRemoved('a', 'm1'), put('a-g2', 'm1')])).toThrow();
});

const body = (summary: string, more = ''): string => `SUMMARY:${summary}\r\n${more}END:VEVENT\r\n`;
const row = (summary: string, recurring: boolean, place?: string) => ({
  summary,
  recurring,
  ...(place !== undefined && { location: { description: place } }),
});
const held = new Map([
  [
    calendar,
    new Map([
      ['own-1.ics', body('p1', 'LOCATION:room 7\r\n')],
      ['own-2.ics', body('p2', 'RRULE:FREQ=WEEKLY;COUNT=5\r\n')],
    ]),
  ],
]);

it('rows equal the server when they show each event, and each series however often', () => {
  rowsEqualServer([row('p2', true), row('p1', false, 'room 7'), row('p2', true)], [calendar], held);
});

it.each([
  ['lack a series', [row('p1', false, 'room 7')]],
  ['lack an event', [row('p2', true)]],
  ['show a series under the name that it had', [row('p1', false, 'room 7'), row('p2', true), row('p0', true)]],
  ['show an event without its place', [row('p1', false), row('p2', true)]],
  ['show an event at the place that it had', [row('p1', false, 'room 6'), row('p2', true)]],
  ['show an event twice', [row('p1', false, 'room 7'), row('p1', false, 'room 7'), row('p2', true)]],
])('rows that %s do not equal the server', (_, rows) => {
  expect(() => rowsEqualServer(rows, [calendar], held)).toThrow();
});
