/** The log and what is made of it: durable once, never forked, projected again after any interruption. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { horizon } from '../../config/policies.ts';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { maxBytesPerCommit, maxChangesPerCommit, type Change, type Horizon } from '../../domain/commit.ts';
import { KalendsError } from '../../domain/errors.ts';
import { calendarIdOf, resourceIdOf, type RunId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { createCommitLog, type CommitLog, type LogHead } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { compareWithRebuild } from '../../store/rebuild.ts';
import { ics, series } from '../actors/profile/bodies.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { accountId, appId, profileId } from '../sync/samples.ts';
import { profile } from './samples.ts';

const clock = createFakeClock(Date.UTC(2026, 10, 20));
const normalise = createNormalise();
const owner = { profileId, accountId, appId, runId: 'run_1' as RunId };
const start: LogHead = { seq: 0, atMs: 0 };
const today: Horizon = { day: '2026-11-20', zoneData: '2026c', projector: 1 };
const calendarId = calendarIdOf(profileId, 'work/');
const work: ObservedCalendar = {
  ref: 'work/',
  name: 'work',
  color: null,
  timeZone: null,
  readOnly: false,
  primary: false,
  privileges: [],
};

const seen = (name: string, body: string): Change => ({
  kind: 'resource_put',
  calendarId,
  resourceId: resourceIdOf(calendarId, `${name}.ics`),
  observedHash: normalise('icalendar', body).observedHash,
  normaliser: 1,
  differs: true,
  ref: `${name}.ics`,
  etag: '"1"',
  scheduleTag: null,
  body,
  format: 'icalendar',
});
const gone = (name: string): Change => ({
  kind: 'resource_removed',
  calendarId,
  resourceId: resourceIdOf(calendarId, `${name}.ics`),
  ref: `${name}.ics`,
  evidence: { kind: 'tombstone', request: 'REPORT', status: 404, atMs: 1 },
});
const listed = (timeZone: string | null): Change => ({
  kind: 'calendar_put',
  calendarId,
  calendar: { ...work, timeZone },
});
const moved = (day: string): Change => ({ kind: 'horizon', horizon: { ...today, day } });
const batch = (...changes: readonly Change[]) => ({ cause: 'pull', operations: [], changes }) as const;

let documents: Documents;
async function reopen(): Promise<void> {
  await documents?.close();
  documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
}
beforeEach(reopen);
afterEach(() => documents.close());

const logOver = (store: Documents): CommitLog => createCommitLog({ documents: store, normalise, clock, horizon });

/** The store, whose next write of this kind is carried out and then answered with a failure. */
function failing(method: 'insert' | 'upsertMany', times = 1, before = false): Documents {
  let left = times;
  return new Proxy(documents, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const inner = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      if (name !== method) return inner;
      return async (...args: unknown[]) => {
        left -= 1;
        if (left !== 0) return inner(...args);
        if (!before) await inner(...args);
        throw new KalendsError('store_unavailable', 'no answer');
      };
    },
  });
}

describe('appending', () => {
  test('numbers commits without a gap, and stamps them never earlier than the last', async () => {
    const log = logOver(documents);
    const first = await log.append(owner, { seq: 0, atMs: clock.now() + 5_000 }, batch(moved('2026-11-20')));
    const second = await log.append(owner, first[0] ?? start, batch(gone('a')));
    expect([...first, ...second].map((one) => one.seq)).toEqual([1, 2]);
    expect(second[0]?.atMs).toBe(clock.now() + 5_000);
    expect(await log.head(profileId)).toMatchObject({ seq: 2 });
  });

  test('an empty batch is no commit', async () => {
    expect(await logOver(documents).append(owner, start, batch())).toEqual([]);
    expect(await logOver(documents).head(profileId)).toEqual({ seq: 0, atMs: 0 });
  });

  test('a large batch becomes commits within the bounds, in order and complete', async () => {
    const many = Array.from({ length: 2 * maxChangesPerCommit + 1 }, (_, k) => gone(`g${k}`));
    const fat = Array.from({ length: 5 }, (_, k) => seen(`f${k}`, 'x'.repeat(maxBytesPerCommit / 3)));
    const commits = await logOver(documents).append(owner, start, batch(...many, ...fat));
    expect(commits.flatMap((one) => one.changes)).toEqual([...many, ...fat]);
    for (const { changes } of commits) {
      expect(changes.length).toBeLessThanOrEqual(maxChangesPerCommit);
      const bytes = changes.reduce((sum, one) => sum + (one.kind === 'resource_put' ? one.body.length : 0), 0);
      expect(bytes).toBeLessThanOrEqual(maxBytesPerCommit);
    }
  });

  test('a seq that somebody else took is a second owner', async () => {
    await logOver(documents).append({ ...owner, runId: 'run_2' as RunId }, start, batch(gone('a')));
    await expect(logOver(documents).append(owner, start, batch(gone('b')))).rejects.toMatchObject({
      code: 'second_owner',
    });
    expect(await documents.find('commitsOfProfile', { profileId })).toHaveLength(1);
  });

  test('an append that landed though it timed out is our own when it is repeated', async () => {
    const log = logOver(failing('insert'));
    await expect(log.append(owner, start, batch(gone('a')))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await log.append(owner, start, batch(gone('a')))).toHaveLength(1);
    expect(await documents.find('commitsOfProfile', { profileId })).toHaveLength(1);
  });
});

/** A life of a profile: what each commit changes. */
const story: readonly (readonly Change[])[] = [
  [moved('2026-11-20')],
  [listed(null)],
  [
    seen('a', ics('a', 'A')),
    seen('s', series('s', 'S', 'FREQ=DAILY', '20261001T080000')),
    seen('f', ics('f', 'F', [], '20261125T090000')),
  ],
  [seen('a', ics('a', 'A changed')), gone('f')],
  [listed('America/New_York')],
  [moved('2026-11-25')],
  [seen('f', ics('f', 'F again', [], '20261126T090000'))],
  [{ kind: 'calendar_gone', calendarId, evidence: { kind: 'operator', note: '', atMs: 1 } }],
  [listed('Asia/Tokyo'), seen('a', ics('a', 'A is back'))],
  [moved('2027-01-20')],
];

async function tell(upTo = story.length): Promise<void> {
  const log = logOver(documents);
  let head = start;
  for (const changes of story.slice(0, upTo)) {
    const [commit] = await log.append(owner, head, batch(...changes));
    head = commit ?? head;
    await clock.advance(1_000);
  }
}

async function projections(): Promise<unknown> {
  return {
    calendars: await documents.find('calendarsOfProfile', { profileId }),
    resources: await documents.find('resourcesOfProfile', { profileId }),
    events: await documents.find('eventsOfProfile', { profileId }),
  };
}

/** As its actor would have left it. */
async function markProjected(seq: number): Promise<void> {
  await documents.upsertMany('profiles', [profile(profileId, { projectedSeq: seq })]);
}

describe('projecting', () => {
  test('a replay of the whole log equals a rebuild in memory, at every length', async () => {
    for (let length = 1; length <= story.length; length += 1) {
      await reopen();
      await tell(length);
      const { head, horizon: current } = await logOver(documents).replay(profileId, start, null);
      expect(head.seq).toBe(length);
      expect(current?.day).toBe(length === 10 ? '2027-01-20' : length >= 6 ? '2026-11-25' : '2026-11-20');
      await markProjected(length);
      const report = await compareWithRebuild({ documents, normalise, horizon }, profileId);
      expect(report).toMatchObject({ settled: true, differences: [] });
      expect(report.compared).toBeGreaterThanOrEqual(length === 1 ? 0 : 1);
    }
  });

  test('projecting again, from any earlier commit, changes nothing', async () => {
    await tell();
    const log = logOver(documents);
    await log.replay(profileId, start, null);
    const whole = await projections();
    for (const from of [9, 7, 5, 4, 1]) {
      const day = from >= 6 ? '2026-11-25' : '2026-11-20';
      await log.replay(profileId, { seq: from, atMs: 0 }, { ...today, day });
      expect(await projections(), `again from ${from}`).toEqual(whole);
    }
  });

  test.each([
    ['another day lays out series alone', { ...today, day: '2027-01-21' }, false],
    ['new zone data lays out single events as well', { ...today, day: '2027-01-20', zoneData: '2027a' }, true],
    ['a new projector lays out single events as well', { ...today, day: '2027-01-20', projector: 2 }, true],
  ])('%s', async (_what, changed, everything) => {
    await tell();
    const log = logOver(documents);
    const { head, horizon: current } = await log.replay(profileId, start, null);
    const starts = async () => new Map((await standing()).map((one) => [one._id, one.startMs]));
    const standing = async () =>
      (await documents.find('eventsOfProfile', { profileId })).filter((one) => !one.recurring && !one.deleted);
    const right = await starts();
    expect(right.size).toBeGreaterThan(0);
    // As other zone data, or another projector, had them.
    const hour = 3_600_000;
    await documents.upsertMany(
      'events',
      (await standing()).map((one) => ({
        ...one,
        startMs: one.startMs + hour,
        endMs: one.endMs + hour,
        shownHash: 'other',
      })),
    );
    const wrong = await starts();
    await log.project(await log.append(owner, head, batch({ kind: 'horizon', horizon: changed })), current);
    expect(await starts()).toEqual(everything ? right : wrong);
  });

  test('an interruption at any write, followed by a replay, ends as if nothing had been', async () => {
    await tell();
    await logOver(documents).replay(profileId, start, null);
    const whole = await projections();
    for (let at = 1; ; at += 1) {
      await reopen();
      await tell();
      let seq = 0;
      let current: Horizon | null = null;
      const spoilt = logOver(failing('upsertMany', at));
      const commits = await documents.find('commitsOfProfile', { profileId });
      let interrupted = false;
      for (const commit of commits) {
        try {
          current = await spoilt.project([commit], current);
          seq = commit.seq;
        } catch {
          interrupted = true;
          break;
        }
      }
      if (!interrupted) break;
      await logOver(documents).replay(profileId, { seq, atMs: 0 }, current);
      expect(withoutTimes(await projections()), `interrupted at write ${at}`).toEqual(withoutTimes(whole));
    }
  });

  test('what differs from the log is found, and put right', async () => {
    await tell();
    await logOver(documents).replay(profileId, start, null);
    await markProjected(story.length);
    const [event] = await documents.find('eventsOfProfile', { profileId }, { limit: 1 });
    const [resource] = await documents.find('resourcesOfProfile', { profileId }, { limit: 1 });
    if (event === undefined || resource === undefined) throw new Error('nothing projected');
    await documents.upsertMany('events', [
      { ...event, summary: 'Tampered with' },
      { ...event, _id: 'unheard of' },
    ]);
    await documents.remove('resources', [resource._id]);
    const deps = { documents, normalise, horizon };
    const { differences } = await compareWithRebuild(deps, profileId);
    expect(differences.map((one) => `${one.collection} ${one.difference}`).sort()).toEqual([
      'events unexpected',
      'events unlike',
      'resources missing',
    ]);
    const log = logOver(documents);
    await log.rebuild(profileId, await log.head(profileId));
    expect(await compareWithRebuild(deps, profileId)).toMatchObject({ settled: true, differences: [] });
  });
});

/** The story is told at another time in each run. */
const withoutTimes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, one: unknown) => (/^(?:created|updated)Ms$/.test(key) ? undefined : one)));
