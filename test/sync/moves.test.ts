/** Moves: which managed events follow their UID to another resource, and which stay. */
import { expect, test } from 'vitest';
import type { Change, ChangeOf } from '../../domain/commit.ts';
import type { ResourceId } from '../../domain/ids.ts';
import { movesIn } from '../../domain/sync/moves.ts';
import { calendarId, managed, nowMs, resource } from './samples.ts';

const id = (name: string): ResourceId => `rsc_${name}` as ResourceId;

const put = (name: string): Change => ({
  kind: 'resource_put',
  calendarId,
  resourceId: id(name),
  observedHash: 'as written',
  normaliser: 1,
  differs: true,
  ref: `${name}.ics`,
  etag: '"2"',
  scheduleTag: null,
  body: 'body',
  format: 'icalendar',
});

const removed = (name: string): Change => ({
  kind: 'resource_removed',
  calendarId,
  resourceId: id(name),
  ref: `${name}.ics`,
  evidence: { kind: 'tombstone', request: 'REPORT', status: 404, atMs: nowMs },
});

const event = managed({ summary: 'A' }, { resourceId: id('old') });
const old = resource({ _id: id('old') });
const other = resource({ _id: id('other'), eventId: null });
const uidOf = (): string | null => 'x';

const followed = (changes: readonly Change[], cached = [old], managedEvents = [event]): ChangeOf<'managed'>[] =>
  movesIn({ changes, cached, managed: managedEvents, uidOf });

test('it follows in whatever order the two halves of a move are seen', () => {
  const { _id, profileId: _profileId, seq: _seq, ...outcome } = event;
  const moved = [{ kind: 'managed', ...outcome, resourceId: id('new') }];
  expect(followed([removed('old'), put('new')])).toEqual(moved);
  expect(followed([put('new'), removed('old')])).toEqual(moved);
  expect(followed([put('new')], [{ ...old, live: 0 }])).toEqual(moved);
  expect(followed([removed('old')], [old, { ...other, _id: id('new') }])).toEqual(moved);
});

test('it stays while its resource stands, or comes back', () => {
  expect(followed([put('new')])).toEqual([]);
  expect(followed([put('old'), put('new')], [{ ...old, live: 0 }])).toEqual([]);
});

test('it stays where nothing, another UID, or more than one could be it', () => {
  expect(followed([removed('old')])).toEqual([]);
  expect(followed([removed('old')], [old, { ...other, uid: 'y' }])).toEqual([]);
  expect(followed([removed('old'), put('new')], [old, other])).toEqual([]);
  expect(followed([removed('old'), put('new')], [{ ...old, uid: null }])).toEqual([]);
});

test('what its application removed goes nowhere', () => {
  expect(followed([removed('old'), put('new')], [old], [managed(null, { resourceId: id('old') })])).toEqual([]);
});
