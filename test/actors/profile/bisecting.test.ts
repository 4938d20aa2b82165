/** What it costs to find k resources among n that an answer left out: O(k log n) requests, through the real provider. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEntry, ModelRequest } from '../../support/caldav-model/exchange.ts';
import { modelHttp } from '../../support/caldav-model/http.ts';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Http } from '../../../providers/http.ts';
import { ics } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { minute, type Rig } from './rig.ts';
import { cached, logOf, pull, synced, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

/** How a multiget treats the marked resources. */
type Habit =
  /** They were removed after the delta named them, and the answer ends at the first of them (February 2020). */
  | 'stops at the first that is missing'
  /** They are there; the answer leaves them out without a word. */
  | 'omits some that exist'
  /** They are there; the answer says 404 of them. */
  | 'answers 404 for some that exist'
  /** They were removed, and the answer leaves them out without a word. */
  | 'omits those that are missing';

const isMultiget = ({ method, body }: Pick<ModelRequest, 'method' | 'body'>): boolean =>
  method === 'REPORT' && body.includes('calendar-multiget');

/** Rewrites what the model answers about marked resources; everything else is the model's own answer. */
function misreporting(inner: Http, habit: Habit, isMarked: (ref: string) => boolean): Http {
  return async (request) => {
    const response = await inner(request);
    if (habit.startsWith('stops') || !isMultiget({ method: request.method, body: request.body ?? '' })) return response;
    const text = response.text.replaceAll(/<(\w+:)?response>.*?<\/\1?response>/gs, (row) => {
      const ref = /([^/>]+\.ics)</.exec(row)?.[1] ?? '';
      if (!isMarked(ref)) return row;
      if (habit !== 'answers 404 for some that exist') return '';
      const prefix = /^<(\w+:)?/.exec(row)?.[1] ?? '';
      const href = /<(?:\w+:)?href>.*?<\/(?:\w+:)?href>/s.exec(row)?.[0] ?? '';
      return `<${prefix}response>${href}<${prefix}status>HTTP/1.1 404 Not Found</${prefix}status></${prefix}response>`;
    });
    return { ...response, text };
  };
}

interface Trial {
  readonly rig: Rig<ModelSide>;
  readonly asked: readonly LogEntry[];
  readonly multigets: number;
  readonly gets: number;
}

/** `count` resources change at once, of which those at `marked` are treated by `habit`. */
async function trial(count: number, marked: readonly number[], habit: Habit): Promise<Trial> {
  const refs = new Set(marked.map((k) => `e${k}.ics`));
  const rig = await synced<ModelSide>({
    turnsAtOnceMax: 2_000,
    events: count,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      const http = misreporting(modelHttp(side.server, clock), habit, (ref) => refs.has(ref));
      return { ...side, provider: createCalDav({ http, clock, random }) };
    },
  });
  const { server } = rig.other;
  if (habit.startsWith('stops')) server.faults.set('multiget_stops_at_missing', { always: true });
  for (let k = 0; k < count; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Changed ${k}`));
  if (habit.endsWith('missing')) removeBeforeMultiget(rig, [...refs]);
  const since = server.log.length;
  await pull(rig, 5 * minute);
  const asked = server.log.slice(since);
  const multigets = asked.filter((one) => one.report === 'calendar-multiget').length;
  return { rig, asked, multigets, gets: asked.filter((one) => one.method === 'GET').length };
}

/** Between the delta that names them and the multiget that asks for them: the moment that the incident was made of. */
function removeBeforeMultiget(rig: Rig<ModelSide>, refs: string[]): void {
  const matches = (request: ModelRequest): boolean => {
    if (isMultiget(request)) for (const ref of refs.splice(0)) rig.other.remove(work, ref);
    return false;
  };
  rig.other.server.faults.set('status_500', { always: true, only: { matches } });
}

const habits: readonly Habit[] = [
  'stops at the first that is missing',
  'omits some that exist',
  'answers 404 for some that exist',
  'omits those that are missing',
];

const spread = (k: number, n: number): number[] =>
  Array.from({ length: k }, (_, at) => Math.floor(((at + 0.5) * n) / k));

/** Of each resource that was left out: the question that left it out, itself alone, its collection as witness, itself again. */
const most = (k: number): number => 4 * k + 7;

test(
  'whatever is left out, every event arrives and none is lost, in O(k log n) requests',
  { timeout: 60_000 },
  async () => {
    const marked = fc.uniqueArray(fc.nat(149), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...habits), marked, fc.integer({ min: 1, max: 150 }), async (habit, some, n) => {
        const among = [...new Set(some.map((one) => one % n))];
        const { rig, asked } = await trial(n, among, habit);
        expect(asked.length).toBeLessThanOrEqual(Math.max(most(among.length), among.length * Math.log2(n + 1)));
        expect(await cached(rig)).toHaveLength(habit.endsWith('missing') ? n - among.length : n);
        await expectAllWell(rig);
        await rig.close();
      }),
      { numRuns: 24, seed: 20_261_121 },
    );
  },
);

const rows = habits.flatMap((habit) => [1, 50].map((k) => ({ habit, k })));

test.each(rows)('$k of 1,000, where a server $habit', { timeout: 60_000 }, async ({ habit, k }) => {
  const { rig, asked, multigets, gets } = await trial(1_000, spread(k, 1_000), habit);
  process.stdout.write(`${habit}: ${k} of 1,000: ${asked.length} requests, ${multigets} multigets, ${gets} gets\n`);
  const removed = (await logOf(rig)).filter((line) => line.includes('removed'));
  expect(removed).toHaveLength(habit.endsWith('missing') ? k : 0);
  expect(removed.every((line) => line.endsWith('direct_get'))).toBe(true);
  expect(await cached(rig)).toHaveLength(1_000 - removed.length);
  // What is not there is asked for twice.
  expect(gets).toBe(removed.length + k);
  expect(asked.length).toBeLessThanOrEqual(most(k));
  await expectAllWell(rig);
});
