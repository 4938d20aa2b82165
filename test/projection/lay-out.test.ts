/** Laying out: stamps that readers rely on, the horizon that moves, and resources that nobody understands. */
import { expect, test } from 'vitest';
import { horizon as numbers } from '../../config/policies.ts';
import { commitKey, type Change, type CommitDoc } from '../../domain/commit.ts';
import type { RunId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { bury, layOut, type LaidOut } from '../../domain/projection/lay-out.ts';
import { horizonDayOf, nextHorizonAt, windowOf } from '../../domain/projection/horizon.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import { ianaZone, utc } from '../../domain/time/iana.ts';
import type { Zone } from '../../domain/time/zone.ts';
import { ics, series } from '../actors/profile/bodies.ts';
import { accountId, appId, profileId, resource } from '../sync/samples.ts';

const normalise = createNormalise();
const dayMs = 86_400_000;

function commit(seq: number, changes: readonly Change[] = []): CommitDoc {
  const owner = { profileId, accountId, appId, runId: 'run_1' as RunId };
  return { _id: commitKey(profileId, seq), ...owner, seq, atMs: seq * 1_000, cause: 'pull', operations: [], changes };
}

const moved = (day: string): Change => ({ kind: 'horizon', horizon: { day, zoneData: '2026c', projector: 1 } });

function lay(body: string, before: readonly EventDoc[], at: CommitDoc, day = '2026-11-20', zone: Zone = utc): LaidOut {
  const place = { normalise, window: windowOf(day, numbers), zone };
  return layOut(resource({ body, eventId: null }), before, at, place);
}

/** The documents after it. */
function after(before: readonly EventDoc[], { events, dropped }: LaidOut): EventDoc[] {
  const all = new Map([...before, ...events].map((one) => [one._id, one]));
  for (const id of dropped) all.delete(id);
  return [...all.values()].sort((a, b) => a.startMs - b.startMs);
}

test('what a reader would not see differently keeps its stamps', () => {
  const first = after([], lay(ics('x', 'Same'), [], commit(1)));
  expect(first).toMatchObject([{ createdMs: 1_000, updatedMs: 1_000, seq: 1, deleted: 0 }]);
  expect(lay(ics('x', 'Same', ['X-OTHER:1']), first, commit(2)).events).toEqual([]);
  expect(lay(ics('x', 'Changed'), first, commit(2)).events).toMatchObject([
    { createdMs: 1_000, updatedMs: 2_000, seq: 2 },
  ]);
});

test('an occurrence that is taken out leaves a tombstone; the others stay as they are', () => {
  const daily = series('x', 'Daily', 'FREQ=DAILY;COUNT=3', '20261121T090000Z');
  const first = after([], lay(daily, [], commit(1)));
  const without = daily.replace('SUMMARY', 'EXDATE:20261122T090000Z\r\nSUMMARY');
  const laid = lay(without, first, commit(2));
  expect(laid.events).toMatchObject([{ recurrenceKey: '20261122T090000Z', deleted: 1, updatedMs: 2_000 }]);
  expect(laid.dropped).toEqual([]);
});

test('a single event that becomes a series, and back, leaves nothing behind', () => {
  const single = after([], lay(ics('x', 'One'), [], commit(1)));
  const many = after(single, lay(series('x', 'One', 'FREQ=DAILY;COUNT=3', '20261125T090000Z'), single, commit(2)));
  expect(many.filter((one) => one.deleted === 0)).toHaveLength(3);
  const back = after(many, lay(ics('x', 'One'), many, commit(3)));
  expect(back.filter((one) => one.deleted === 0).map((one) => one.recurrenceKey)).toEqual([null]);
});

test('when the horizon moves, what enters is new at that time, and what leaves is kept no longer, without a tombstone', () => {
  const daily = series('x', 'Daily', 'FREQ=DAILY', '20260101T090000Z');
  const first = after([], lay(daily, [], commit(1, [moved('2026-11-20')])));
  expect(first).toHaveLength(numbers.pastDays + numbers.futureDays + 1);
  const laid = lay(daily, first, commit(2, [moved('2026-11-22')]), '2026-11-22');
  expect(laid.events).toHaveLength(2);
  expect(laid.events.every((one) => one.updatedMs === 2_000 && one.createdMs === 2_000 && one.deleted === 0)).toBe(
    true,
  );
  expect(laid.dropped).toHaveLength(2);
});

test('an exception without its series lies where it lies, and leaves a tombstone wherever that is', () => {
  const far = ics('x', 'Invited', ['RECURRENCE-ID:20300101T090000Z'], '20300101T090000Z');
  const first = after([], lay(far, [], commit(1)));
  expect(first).toMatchObject([{ recurring: true, deleted: 0 }]);
  expect(lay(far, first, commit(2, [moved('2026-11-21')]), '2026-11-21').events).toEqual([]);
  const laid = lay(ics('x', 'Something else'), first, commit(3));
  expect(laid.dropped).toEqual([]);
  expect(laid.events.filter((one) => one.deleted === 1)).toHaveLength(1);
});

test('floating times lie in the zone of their calendar', () => {
  const floating = ics('x', 'Breakfast', [], '20261125T090000');
  const inUtc = after([], lay(floating, [], commit(1)));
  const there = lay(floating, inUtc, commit(2), '2026-11-20', ianaZone('America/New_York') ?? utc);
  expect((there.events[0]?.startMs ?? 0) - (inUtc[0]?.startMs ?? 0)).toBe(5 * 3_600_000);
});

test('a resource that is gone leaves tombstones of all that was shown, and the second time nothing', () => {
  const first = after([], lay(series('x', 'Daily', 'FREQ=DAILY;COUNT=3', '20261121T090000Z'), [], commit(1)));
  const buried = bury(resource({ live: 0 }), first, commit(2));
  expect(buried.events.map((one) => one.deleted)).toEqual([1, 1, 1]);
  expect(bury(resource({ live: 0 }), after(first, buried), commit(3)).events).toEqual([]);
});

test('what nobody understands shows nothing, and says why', () => {
  const laid = lay('not a calendar', [], commit(1));
  expect(laid.events).toEqual([]);
  expect(laid.standing.problem?.code).toBe('resource_unparsable');
});

test('the end of an event is told anew to whom it turns out to belong', () => {
  const first = after([], lay(ics('x', 'One'), [], commit(1)));
  const buried = after(first, bury(resource({ live: 0, eventId: null }), first, commit(2)));
  expect(bury(resource({ live: 0, eventId: null }), buried, commit(3)).events).toEqual([]);
  const owned = bury(resource({ live: 0, eventId: 'own' }), buried, commit(3)).events;
  expect(owned).toMatchObject([{ eventId: 'own', managed: 1, deleted: 1, updatedMs: 3_000, seq: 3 }]);
  expect(
    bury(resource({ live: 0, eventId: 'own' }), after(buried, { ...lay('', [], commit(3)), events: owned }), commit(4))
      .events,
  ).toEqual([]);
});

test('a profile keeps its own hour of the day for moving its horizon', () => {
  const slots = 1_024;
  for (const slot of [0, 1, 512, 1_023]) {
    const nowMs = Date.UTC(2026, 10, 20, 11, 13);
    const nextMs = nextHorizonAt(nowMs, slot, slots);
    expect(nextMs).toBeGreaterThan(nowMs);
    expect(nextMs - nowMs).toBeLessThanOrEqual(dayMs);
    expect(horizonDayOf(nextMs - 1, slot, slots)).toBe(horizonDayOf(nowMs, slot, slots));
    expect(horizonDayOf(nextMs, slot, slots)).not.toBe(horizonDayOf(nowMs, slot, slots));
  }
});
