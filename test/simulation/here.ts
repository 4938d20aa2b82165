/**
 * The application calendar at the end: nothing is on the other side, so what its log says is what its application asked for, its cache
 * and its mirror are the same, and each accepted write is in the log once (I4, I10).
 */
import type { CommitDoc } from '../../domain/commit.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { Asking } from './application.ts';
import { differing, namedWrongly, rowsBelieved, rowsOf } from './lines.ts';
import { shownBy, textOf } from './reader.ts';
import type { Simulation } from './simulation.ts';
import { outcomeOf, takenAlong, unended, wishesOf, type Ended, type Wished } from './wishes.ts';

export async function hereIsAsWritten({ watch, here }: Simulation): Promise<void> {
  const { app, profileId } = here;
  const [calendarId] = app.calendars;
  if (calendarId === undefined) return;
  const { store } = watch;
  const intents = await store.find('intentsOfProfile', { profileId });
  const byOperation: Ended = new Map(intents.map((one) => [one.operationId as string, one]));
  for (const problem of unended(app, byOperation)) watch.violated('I4', problem);
  const commits = await store.find('commitsOfProfile', { profileId });
  for (const problem of [...notOnce(commits, byOperation), ...writtenTwice(commits)]) watch.violated('I4', problem);
  const standing = standingIn(commits);
  const bodies = [...standing.values()];
  const logged = [...standing].flatMap(([ref, body]) => rowsOf(calendarId, ref, body));
  const cached = await store.find('resourcesOfCalendar', { calendarId, live: 1 });
  const same = [
    ['I10', 'the cache', cached.flatMap((one) => rowsOf(calendarId, one.ref, one.body)), logged],
    ['I10', 'the mirror', rowsBelieved(app), logged],
    ['I10', 'the mirror names', namedWrongly(app).map((row) => JSON.stringify(row)), []],
  ] as const;
  for (const [invariant, what, found, wanted] of same) {
    const problem = differing(`${what} of ${app.name} beside its log`, found, wanted);
    if (problem !== null) watch.violated(invariant, problem);
  }
  for (const [key, wishes] of wishesOf(app, byOperation, () => false)) {
    const eventId = key.split(' ')[1] ?? '';
    const there = bodies.filter((body) => textOf(body, 'SUMMARY').endsWith(` ${eventId}`)).flatMap(shownBy);
    if (wishes.some((wish) => differing('', there, lineOf(wish)) === null)) continue;
    watch.violated('I4', `${eventId} of ${app.name} was asked to be ${JSON.stringify(wishes)} and is ${there.join()}`);
  }
}

/** ref → what stands by the log. */
function standingIn(commits: readonly CommitDoc[]): ReadonlyMap<string, string> {
  const bodies = new Map<string, string>();
  for (const change of commits.flatMap((one) => one.changes)) {
    if (change.kind === 'resource_put') bodies.set(change.ref, change.body);
    if (change.kind === 'resource_removed') bodies.delete(change.ref);
  }
  return bodies;
}

const lineOf = (wish: Wished): readonly string[] => (wish === null ? [] : [shownOf(wish)]);

function shownOf({ startMs, endMs, summary, location = '', description = '' }: Asking): string {
  return [iso(startMs), iso(endMs), summary, location, description].join(' | ');
}

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** An upsert that was carried out is named once, unless a delete that came with it left nothing of it; a delete once at most for each event. */
function notOnce(commits: readonly CommitDoc[], intents: Ended): readonly string[] {
  const times = new Map<string, number>();
  for (const { changes, operations } of commits)
    for (const change of changes) {
      if (change.kind !== 'managed') continue;
      for (const operation of change.operations ?? operations) {
        const key = `${operation} ${change.eventId}`;
        times.set(key, (times.get(key) ?? 0) + 1);
      }
    }
  const twice = [...times].flatMap(([key, count]) => (count > 1 ? [`${key} is in the log ${count} times`] : []));
  const missing = [...intents.values()].flatMap((intent) => {
    if (intent.wish.kind !== 'upsert') return [];
    const named = times.has(`${intent.operationId} ${intent.wish.eventId}`);
    if (!isDone(intents, intent))
      return named ? [`${intent.operationId}, which is ${intent.state}, is in the log`] : [];
    return named || takenAlong(intents, intent).some((one) => one?.wish.kind === 'delete')
      ? []
      : [`${intent.operationId} is not in the log`];
  });
  return [...twice, ...missing];
}

const isDone = (intents: Ended, intent: IntentDoc): boolean => outcomeOf(intents, intent)?.state === 'written';

/** Each write has words of its own. */
function writtenTwice(commits: readonly CommitDoc[]): readonly string[] {
  const puts = commits.flatMap(({ changes }) =>
    changes.flatMap((one) => (one.kind === 'resource_put' ? [one.body] : [])),
  );
  const words = puts.flatMap(shownBy).map((line) => line.split(' | ')[2] ?? '');
  return [...new Set(words)].flatMap((one) => {
    const count = words.filter((other) => other === one).length;
    return count > 1 ? [`${one} was written ${count} times`] : [];
  });
}
