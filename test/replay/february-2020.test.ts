/**
 * February 2020, again: a server begins to end its multigets at the first resource that is gone, over a thousand
 * profiles in steady use. The story is told in `docs/february-2020.md`, which says what this test measures.
 */
import { expect, test } from 'vitest';
import { sayOfBreaker } from '../../services/ops/sentinel.ts';
import { codeBlock, expectMeasured } from './document.ts';
import { minute, type Fleet } from './fleet.ts';
import type { NaiveHabit } from './naive-client.ts';
import { heldIn, runKalends, runNaive, type KalendsOutcome, type Outcome } from './run.ts';

const size = { people: 1_000, eventsEach: 8 };
/** How long the operator takes to look at the alert, see that direct answers are right, and release the removals. */
const operatorMs = 10 * minute;

/** Answers how many removals were held when the operator came. */
async function release({ documents, clock, sentinel }: Fleet): Promise<number> {
  const held = await heldIn(documents);
  const provider = () =>
    ({ software: () => 'icloud' }) as unknown as ReturnType<Parameters<typeof sayOfBreaker>[0]['provider']>;
  const note = 'multigets end early; direct answers are right';
  await sayOfBreaker(
    { documents, clock, provider, breakerMoved: () => undefined },
    { word: 'release', provider: 'caldav', software: 'icloud', note },
  );
  await sentinel.flush();
  return held;
}

const seconds = ([median, most]: readonly [number, number]): string => `${median} s, ${most} s`;
const number = (value: number): string => value.toLocaleString('en');

/** Each client on an honest server, and on one that breaks. */
interface Pair<One extends Outcome> {
  readonly honest: One;
  readonly broken: One;
}

function tableOf(all: Pair<Outcome>, named: Pair<Outcome>, kalends: Pair<KalendsOutcome>, heldAtMost: number): string {
  const naive = [all.honest, all.broken, named.honest, named.broken];
  const row = (name: string, of: (one: Outcome) => string, own: (one: KalendsOutcome) => string = of): string =>
    `| ${[name, ...naive.map(of), own(kalends.honest), own(kalends.broken)].join(' | ')} |`;
  const extra = (one: Outcome): string => {
    const pair = [all, named, kalends].find(({ broken }) => broken === one);
    const more = pair === undefined ? '' : ` (${number(one.requests - pair.honest.requests)} more)`;
    return `${number(one.requests)}${more}`;
  };
  return [
    '| | (a) honest server | (a) broken server | (b) honest server | (b) broken server | Kalends, honest server | Kalends, broken server |',
    '|---|---|---|---|---|---|---|',
    row('false deletions', (one) => `**${number(one.falseDeletions)}**`),
    row('calendars that lost events', (one) => number(one.damaged)),
    row('true deletions', (one) => number(one.trueDeletions)),
    row('requests after the onset', extra),
    row(
      'alert after the onset',
      () => 'never',
      (one) => (one.alertMinutes === null ? 'none' : `${one.alertMinutes} min`),
    ),
    row('additions and changes waited (median, 99 %)', (one) => seconds(one.putDelays)),
    row('cancellations waited (median, 99 %)', (one) => seconds(one.removalDelays)),
    row(
      'removals held when the operator came',
      () => '–',
      (one) => (one === kalends.broken ? number(heldAtMost) : '0'),
    ),
  ].join('\n');
}

test('February 2020: no false deletion, an alert within minutes, and what it costs', { timeout: 300_000 }, async () => {
  const pairOf = async (habit: NaiveHabit): Promise<Pair<Outcome>> => ({
    honest: await runNaive(habit, { ...size, breaks: false }),
    broken: await runNaive(habit, { ...size, breaks: true }),
  });
  const all = await pairOf('all');
  const named = await pairOf('named');
  let held = 0;
  let released = false;
  const honest = await runKalends({ ...size, breaks: false });
  const broken = await runKalends({ ...size, breaks: true }, async (fleet, nowMs, alertedAtMs) => {
    if (released || alertedAtMs === null || nowMs < alertedAtMs + operatorMs) return;
    released = true;
    held = await release(fleet);
  });
  const figures = tableOf(all, named, { honest, broken }, held);
  process.stdout.write(`\n${figures}\n\n`);
  // These clients are honest: only the server makes them lie, each time that somebody cancels at the wrong moment.
  for (const one of [all.honest, named.honest]) expect(one).toMatchObject({ falseDeletions: 0, damaged: 0 });
  expect(all.broken.falseDeletions).toBeGreaterThan(500);
  expect(named.broken.falseDeletions).toBeGreaterThan(20);
  expect([honest.falseDeletions, broken.falseDeletions]).toEqual([0, 0]);
  expect([honest.falseAlerts, broken.falseAlerts]).toEqual([0, 0]);
  expect(broken.alertMinutes).toBeLessThanOrEqual(15);
  // Most of them verify what was held: three for each.
  expect(broken.requests - honest.requests).toBeLessThan(4 * held);
  // Additions and changes are as quick as ever; cancellations wait for the operator, and for nothing after that.
  expect(broken.putDelays[1]).toBeLessThanOrEqual(honest.putDelays[1] + 30);
  expect(held).toBeGreaterThan(50);
  expect(broken.held).toBe(0);
  expect(broken.trueDeletions).toBeGreaterThan(0.9 * honest.trueDeletions);
  expectMeasured('clients', figures);
  expectMeasured('alert', codeBlock(...broken.said));
});
