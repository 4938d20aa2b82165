/** Asking for what is owed: together, the suspect alone, else in halves; few questions, and nobody is forgotten. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { CalendarId, ProfileId } from '../../domain/ids.ts';
import type { ResourceInput } from '../../domain/machines/item.ts';
import {
  advance,
  each,
  emptyCheckpoint,
  isComplete,
  leftOverAt,
  type CheckpointDoc,
} from '../../domain/sync/checkpoint.ts';
import { afterFetch, nextQuestion } from '../../domain/sync/owed.ts';

const nowMs = 1_800_000_000_000;
const context = { nowMs, random: () => 0, numbers: profileNumbers };
const empty = emptyCheckpoint('cal_1' as CalendarId, 'pro_1' as ProfileId);
const batch = 500;

const feed = (checkpoint: CheckpointDoc, inputs: ReadonlyMap<string, ResourceInput>): CheckpointDoc =>
  advance(checkpoint, inputs, context).checkpoint;

/** How a server treats what it is asked for. */
interface Server {
  /** Makes every question fail that names it. */
  readonly poison: ReadonlySet<string>;
  /** Not there: a multiget stops at it (February 2020), a direct request says so. */
  readonly missing: ReadonlySet<string>;
  /** Answered with 404 inside a multiget, though it is there. */
  readonly lied: ReadonlySet<string>;
}

interface Asked {
  readonly checkpoint: CheckpointDoc;
  readonly questions: number;
  readonly answered: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

/** Asks until everything is answered or set aside. */
function askAll(refs: readonly string[], server: Server): Asked {
  let checkpoint = feed(empty, each(refs, { kind: 'reported' }));
  const answered = new Set<string>();
  const gone = new Set<string>();
  const settle = (ref: string, input: ResourceInput): void => {
    checkpoint = feed(checkpoint, new Map([[ref, input]]));
  };
  for (let questions = 0; questions < 10_000; questions += 1) {
    const question = nextQuestion(checkpoint.owed, batch, nowMs);
    if (question === null || question.kind === 'wait') return { checkpoint, questions, answered, gone };
    if (question.kind === 'get') {
      const { ref } = question;
      if (server.poison.has(ref)) settle(ref, { kind: 'failed' });
      else if (server.missing.has(ref)) {
        gone.add(ref);
        settle(ref, { kind: 'answered' });
      } else {
        answered.add(ref);
        settle(ref, { kind: 'answered' });
      }
      continue;
    }
    const asked = question.refs;
    expect(asked.length).toBeLessThanOrEqual(batch);
    if (asked.some((ref) => server.poison.has(ref))) {
      checkpoint = feed(checkpoint, afterFetch(asked, new Set(), new Set(asked)));
      continue;
    }
    const stop = asked.findIndex((ref) => server.missing.has(ref));
    const reached = stop === -1 ? asked : asked.slice(0, stop);
    const lied = new Set(reached.filter((ref) => server.lied.has(ref)));
    for (const ref of reached) if (!lied.has(ref)) answered.add(ref);
    checkpoint = feed(
      checkpoint,
      each(
        reached.filter((ref) => !lied.has(ref)),
        { kind: 'answered' },
      ),
    );
    checkpoint = feed(checkpoint, afterFetch(asked, lied, new Set(asked.slice(reached.length))));
  }
  throw new Error('it never ends');
}

const none: ReadonlySet<string> = new Set();
const refsOf = (count: number): string[] => Array.from({ length: count }, (_, k) => `r${k}.ics`);

test('what was never asked for goes first, a batch at a time', () => {
  const checkpoint = feed(empty, each(refsOf(1_200), { kind: 'reported' }));
  expect(nextQuestion(checkpoint.owed, batch, nowMs)).toEqual({ kind: 'fetch', refs: refsOf(500) });
  expect(askAll(refsOf(1_200), { poison: none, missing: none, lied: none }).questions).toBe(3);
});

test('nothing owed is no question', () => {
  expect(nextQuestion([], batch, nowMs)).toBeNull();
});

test('one that poisons among n is found in a few times log n questions, and set aside', () => {
  const { questions, checkpoint, answered } = askAll(refsOf(500), {
    poison: new Set(['r321.ics']),
    missing: none,
    lied: none,
  });
  expect(answered.size).toBe(499);
  expect(checkpoint.owed).toMatchObject([{ ref: 'r321.ics', asked: 1 }]);
  expect(questions).toBeLessThanOrEqual(3 * Math.ceil(Math.log2(500)));
});

test('a server that stops at the first missing resource costs two questions for each of those', () => {
  const missing = new Set(['r3.ics', 'r77.ics', 'r200.ics', 'r400.ics']);
  const { questions, answered, gone } = askAll(refsOf(500), { poison: none, missing, lied: none });
  expect([answered.size, gone.size]).toEqual([496, 4]);
  expect(questions).toBe(1 + 4 * 2);
});

test('a "not there" inside a multiget is no proof: it is asked for alone', () => {
  const { questions, answered } = askAll(refsOf(20), {
    poison: none,
    missing: none,
    lied: new Set(['r5.ics', 'r6.ics']),
  });
  expect([answered.size, questions]).toEqual([20, 3]);
});

test('whatever a server does, everything ends answered, proved gone or set aside, in k log n questions', () => {
  const some = fc.uniqueArray(fc.nat(299), { maxLength: 6 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), some, some, some, (count, poisonous, absent, lies) => {
      const named = (numbers: readonly number[]) =>
        new Set(numbers.filter((one) => one < count).map((one) => `r${one}.ics`));
      const poison = named(poisonous);
      const missing = named(absent).difference(poison);
      const lied = named(lies).difference(poison).difference(missing);
      const { questions, answered, gone, checkpoint } = askAll(refsOf(count), { poison, missing, lied });
      expect(gone).toEqual(missing);
      expect(new Set(checkpoint.owed.map((one) => one.ref))).toEqual(poison);
      expect(answered.size).toBe(count - missing.size - poison.size);
      const k = poison.size + missing.size + lied.size;
      expect(questions).toBeLessThanOrEqual(2 + 2 * (k + 1) * (Math.ceil(Math.log2(count + 1)) + 1));
    }),
    { numRuns: 300, seed: 20_261_120 },
  );
});

test('what was set aside is asked for alone when its time has come, and is waited for until then', () => {
  const aside = feed(feed(empty, each(['a.ics'], { kind: 'reported' })), each(['a.ics'], { kind: 'failed' }));
  const untilMs = aside.owed[0]?.quarantinedUntilMs ?? 0;
  expect(nextQuestion(aside.owed, batch, nowMs)).toEqual({ kind: 'wait', untilMs });
  expect(nextQuestion(aside.owed, batch, untilMs)).toEqual({ kind: 'get', ref: 'a.ics', probe: true });
  expect(leftOverAt(aside)).toBe(untilMs);
});

test('a calendar is complete when it was listed and all it named was asked for', () => {
  const owing = feed({ ...empty, listedAtMs: nowMs }, each(['a.ics'], { kind: 'reported' }));
  expect(isComplete(empty)).toBe(false);
  expect(isComplete(owing)).toBe(false);
  expect(isComplete(feed(owing, each(['a.ics'], { kind: 'failed' })))).toBe(true);
  expect(isComplete(feed(owing, each(['a.ics'], { kind: 'answered' })))).toBe(true);
});

test('a resource is owed or held, never both', () => {
  const owed = feed(empty, each(['a.ics'], { kind: 'reported' }));
  const held = feed(owed, each(['a.ics'], { kind: 'nominated', reason: 'absent', suspicious: true }));
  expect([held.owed.length, held.held.length]).toEqual([0, 1]);
  const again = feed(held, each(['a.ics'], { kind: 'reported' }));
  expect([again.owed.length, again.held.length]).toEqual([1, 0]);
  expect(advance(held, new Map(), context).checkpoint).toBe(held);
});
