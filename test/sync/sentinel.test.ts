/** The sentinel's judgement: silent while a kind of server is like itself, loud within minutes when it is not. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentinel as numbers } from '../../config/policies.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { addCounted, learn, newBaseline, normalShare, type BaselineDoc } from '../../domain/sync/sentinel/baseline.ts';
import { nextBreaker, type Breaker } from '../../domain/sync/sentinel/breaker.ts';
import { exceeds, judge, type SentinelEvent } from '../../domain/sync/sentinel/judge.ts';
import { noTally, shares, signals, type Signal, type Tally } from '../../domain/sync/sentinel/tally.ts';

const startMs = 1_800_000_000_000;
const minute = 60_000;
const profiles = Array.from({ length: 30 }, (_, k) => `pro_${k}` as ProfileId);

/** Park and Miller's generator. */
const diceOf = (seed: number) => {
  let value = (seed % 2_147_483_646) + 1;
  return (): number => (value = (value * 48_271) % 2_147_483_647) / 2_147_483_647;
};

type Rates = Readonly<Record<Signal, number>>;
const healthy: Rates = {
  removals: 0.1,
  unanswered: 0.001,
  missing: 0.01,
  resyncs: 0.02,
  phantoms: 0.2,
  unreadable: 0.003,
};

/** One minute of a kind of server whose profiles show each signal at its rate. */
function minuteOf(rates: Rates, among: readonly ProfileId[], size: number, random: () => number) {
  const tally: Tally = noTally();
  const affected: Partial<Record<Signal, ProfileId[]>> = {};
  for (const signal of signals) {
    const { count, of } = shares[signal];
    for (const id of among) {
      const hits = Array.from({ length: size }, random).filter((one) => one < rates[signal]).length;
      tally[count] += hits;
      if (hits > 0) (affected[signal] ??= []).push(id);
    }
    tally[of] = Math.max(tally[of], among.length * size);
  }
  return { tally, affected };
}

interface Watch {
  doc: BaselineDoc;
  nowMs: number;
  readonly events: { readonly atMs: number; readonly event: SentinelEvent }[];
}

const watch = (): Watch => ({ doc: newBaseline('caldav', 'model', startMs), nowMs: startMs, events: [] });

/** Lets minutes pass, each with two flushes as in life. */
function run(
  on: Watch,
  minutes: number,
  rates: Rates,
  options: { among?: readonly ProfileId[]; size?: number; seed?: number } = {},
) {
  const random = diceOf(options.seed ?? 7);
  for (let k = 0; k < minutes; k += 1) {
    on.doc = addCounted(
      on.doc,
      minuteOf(rates, options.among ?? profiles, options.size ?? 3, random),
      on.nowMs,
      numbers,
    );
    for (let half = 0; half < 2; half += 1) {
      const { doc, events } = judge(on.doc, on.nowMs, numbers);
      on.doc = doc;
      on.events.push(...events.map((event) => ({ atMs: on.nowMs, event })));
      on.nowMs += numbers.flushMs;
    }
  }
  return on;
}

const raised = (on: Watch): string[] =>
  on.events.flatMap(({ event }) => (event.kind === 'alert_raised' ? [event.alert.signal] : []));

test('a kind of server that stays like itself raises no alert, whatever is normal for it', () => {
  const rate = fc.double({ min: 0, max: 0.9, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({ phantoms: rate, removals: rate, resyncs: rate }),
      fc.nat(),
      fc.integer({ min: 1, max: 8 }),
      (own, seed, size) => {
        const on = watch();
        // Half a day to get to know it; what the first hours say of an odd one is a fair warning.
        run(on, 720, { ...healthy, ...own }, { seed, size });
        on.events.length = 0;
        run(on, 720, { ...healthy, ...own }, { seed: seed + 1, size });
        expect(raised(on)).toEqual([]);
      },
    ),
    { numRuns: 12, seed: 20_261_121 },
  );
});

test('a usual kind of server raises none from its first minute', () => {
  expect(raised(run(watch(), 24 * 60, healthy))).toEqual([]);
});

test.each<[Signal, number]>([
  ['removals', 0.6],
  ['unanswered', 0.05],
  ['missing', 0.2],
  ['resyncs', 0.5],
  ['phantoms', 0.95],
  ['unreadable', 0.1],
])('%s: a deviation to %d raises one alert within a window, which ends after it', (signal, rate) => {
  const on = run(watch(), 600, healthy);
  const onsetMs = on.nowMs;
  run(on, 60, { ...healthy, [signal]: rate });
  expect(raised(on)).toEqual([signal]);
  const atMs = on.events[0]?.atMs ?? Infinity;
  expect(atMs - onsetMs).toBeLessThanOrEqual(numbers.windowMs);
  const held = numbers.holding.includes(signal as 'removals');
  expect(on.doc.breaker.name).toBe(held ? 'holding' : 'clear');
  run(on, 120, healthy);
  expect(on.doc.alerts).toEqual([]);
  expect(on.doc.past).toMatchObject([{ signal }]);
  expect(on.doc.breaker.name).toBe('clear');
});

test('one profile alone, whatever it does, is no deviation of a kind of server', () => {
  fc.assert(
    fc.property(fc.constantFrom(...signals), fc.integer({ min: 1, max: numbers.profilesMin - 1 }), (signal, count) => {
      const on = run(watch(), 60, { ...healthy, [signal]: 0 });
      run(on, 60, { ...healthy, [signal]: 1 }, { among: profiles.slice(0, count), size: 40 });
      expect(raised(on)).not.toContain(signal);
    }),
    { numRuns: 24, seed: 20_261_121 },
  );
});

test('too few are never judged', () => {
  expect(exceeds(numbers.populationMin - 1, numbers.populationMin - 1, 0, numbers)).toBe(false);
  expect(exceeds(numbers.countMin - 1, 10_000, 0, numbers)).toBe(false);
  expect(exceeds(numbers.countMin, 10_000, 0, numbers)).toBe(true);
});

test('what is wrong does not become normal by lasting, unless an operator says that it is', () => {
  const on = run(watch(), 600, healthy);
  const before = normalShare(on.doc, 'unanswered', numbers);
  run(on, 300, { ...healthy, unanswered: 0.3 });
  expect(normalShare(on.doc, 'unanswered', numbers)).toBeLessThan(2 * before);
  expect(on.doc.alerts.map((one) => one.signal)).toEqual(['unanswered']);
  const release = { kind: 'release', note: 'they are like that now', forMs: numbers.overrideMs } as const;
  on.doc = { ...on.doc, breaker: nextBreaker(on.doc.breaker, release, on.nowMs) };
  run(on, 20 * 60, { ...healthy, unanswered: 0.3 });
  expect(on.doc.alerts).toEqual([]);
  expect(normalShare(on.doc, 'unanswered', numbers)).toBeGreaterThan(0.1);
});

test('what was learned fades with its half-life, and outweighs what was guessed', () => {
  const learned: Tally = { ...noTally(), asked: 100_000, missing: 50_000 };
  const doc = { ...newBaseline('caldav', 'model', startMs), learned };
  expect(normalShare(doc, 'missing', numbers)).toBeCloseTo(0.5, 1);
  const later = startMs + numbers.halfLifeMs;
  const faded = learn(
    addCounted(doc, { tally: { ...noTally(), asked: 1 }, affected: {} }, startMs, numbers),
    later,
    numbers,
  );
  expect(faded.learned.missing).toBeCloseTo(25_000, 0);
  expect(faded.recent).toEqual([]);
});

test('judging what nobody counted changes nothing', () => {
  const { doc } = run(watch(), 30, healthy);
  const later = startMs + 60 * minute;
  const quiet = judge(doc, later, numbers).doc;
  expect(judge(quiet, later, numbers)).toEqual({ doc: quiet, events: [] });
  expect(judge(quiet, later, numbers).doc).toBe(quiet);
});

const clear: Breaker = { name: 'clear' };
const byItself: Breaker = { name: 'holding', by: 'sentinel', sinceMs: 1, note: 'x' };
const byOperator: Breaker = { name: 'holding', by: 'operator', sinceMs: 1, note: 'x' };
const overridden: Breaker = { name: 'overridden', sinceMs: 1, untilMs: startMs + 1, note: 'x' };
const over: Breaker = { name: 'overridden', sinceMs: 1, untilMs: startMs, note: 'x' };

test.each<[string, Breaker, string, string]>([
  ['clear', clear, 'deviated', 'holding'],
  ['clear', clear, 'quiet', 'clear'],
  ['held by the sentinel', byItself, 'deviated', 'holding'],
  ['held by the sentinel', byItself, 'quiet', 'clear'],
  ['held by an operator', byOperator, 'quiet', 'holding'],
  ['held by an operator', byOperator, 'deviated', 'holding'],
  ['overridden', overridden, 'deviated', 'overridden'],
  ['overridden', overridden, 'quiet', 'overridden'],
  ['overridden before', over, 'deviated', 'holding'],
  ['overridden before', over, 'quiet', 'clear'],
])('a breaker that is %s, when it is %s', (_, breaker, kind, name) => {
  const input = kind === 'deviated' ? ({ kind, note: 'why' } as const) : ({ kind: 'quiet' } as const);
  expect(nextBreaker(breaker, input, startMs).name).toBe(name);
});

test('an operator holds and releases from every state', () => {
  for (const breaker of [clear, byItself, byOperator, overridden, over]) {
    expect(nextBreaker(breaker, { kind: 'hold', note: 'n' }, startMs)).toMatchObject({
      name: 'holding',
      by: 'operator',
    });
    expect(nextBreaker(breaker, { kind: 'release', note: 'n', forMs: 5 }, startMs)).toMatchObject({
      name: 'overridden',
    });
    expect(nextBreaker(breaker, { kind: 'release', note: 'n', forMs: 0 }, startMs)).toEqual(clear);
  }
});
