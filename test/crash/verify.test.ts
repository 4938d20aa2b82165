/** The verifier of the crash test: a write that is lost is noticed, whatever people removed meanwhile. */
import { expect, it } from 'vitest';
import type { IntentDoc, Wish } from '../../domain/intent.ts';
import type { OwnEvent } from './application.ts';
import { wishesAreAtTheServer, type Effect } from './verify.ts';

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
