/**
 * What deletion safety costs while nothing is wrong: requests, and processor time of the turns, with accounting, guard
 * and sentinel, and with pure functions in their place that pass everything by. Once over a provider in memory, so that
 * neither XML nor network hides the difference, and once over CalDAV, which accounts for what a multiget leaves out. Pairs
 * take turns in going first.
 */
import { isDeepStrictEqual } from 'node:util';
import { figureOf, type Bench, type Figure, type Scale } from './kit/figures.ts';
import { withSubject, type Subject } from './kit/processes.ts';
import type { Round } from './safety/round.ts';
import type { Over } from './safety/worlds.ts';

/** Processor time with, over processor time without. */
const ratioMax = 1.05;
/** Pairs in one pair of processes, after two that warm up: fresh processes now and then, so that no luck of one compiler run decides. */
const pairsEach = 8;

/** However few rounds are asked for: an interval wants 30 pairs. */
const roundsMin = 4;

export const safety: Bench = (scale) =>
  safetyOf(
    scale,
    scale.quick ? { size: 250, pairs: 1 } : { size: 500, pairs: Math.max(roundsMin, scale.runs) * pairsEach },
  );

interface Pair {
  readonly safe: Round;
  readonly bare: Round;
}

interface Numbers {
  readonly size: number;
  readonly pairs: number;
}

export async function safetyOf(scale: Scale, numbers: Numbers): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const over of ['memory', 'caldav'] as const) figures.push(...(await safetyOver(over, scale, numbers)));
  return figures;
}

async function safetyOver(over: Over, scale: Scale, { size, pairs }: Numbers): Promise<readonly Figure[]> {
  const found: Pair[] = [];
  while (found.length < pairs) {
    const count = Math.min(pairsEach, pairs - found.length);
    await withSubject('safety.syncing', (safe) =>
      withSubject('safety.syncing', async (bare) => {
        await safe.ask('prepare', { safe: true, over });
        await bare.ask('prepare', { safe: false, over });
        for (let warm = 0; warm < 2; warm += 1) await pairOf(safe, bare, size, false);
        for (let k = 0; k < count; k += 1) found.push(await pairOf(safe, bare, size, k % 2 === 0));
      }),
    );
    scale.log(`safety over ${over}: ${found.length} of ${pairs} pairs`);
  }
  for (const one of found) compare(one);
  return figuresOf(found, over === 'memory' ? '' : ', over CalDAV');
}

async function pairOf(safe: Subject, bare: Subject, size: number, safeFirst: boolean): Promise<Pair> {
  const sync = (one: Subject): Promise<Round> => one.ask<Round>('sync', { size });
  if (safeFirst) return { safe: await sync(safe), bare: await sync(bare) };
  const first = await sync(bare);
  return { safe: await sync(safe), bare: first };
}

/** The same requests and the same result, or there is nothing to compare. */
function compare({ safe, bare }: Pair): void {
  const { cpuMs: _, ...one } = safe;
  const { cpuMs: __, ...other } = bare;
  if (isDeepStrictEqual(one, other)) return;
  throw new Error(`safety asks or finds something else: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
}

/** `where`: what the names of the figures end with. */
function figuresOf(pairs: readonly Pair[], where: string): Figure[] {
  const asked = ({ requests }: Round): number => Object.values(requests).reduce((sum, one) => sum + one, 0);
  const [first] = pairs;
  const detail = first === undefined ? {} : { detail: { requests: first.safe.requests } };
  const labels = { bench: 'safety', unit: 'ms', figure: `processor time of a healthy sync${where}` } as const;
  return [
    figureOf(
      { ...labels, subject: 'with' },
      pairs.map(({ safe }) => safe.cpuMs),
    ),
    figureOf(
      { ...labels, subject: 'without' },
      pairs.map(({ bare }) => bare.cpuMs),
    ),
    figureOf(
      { ...labels, subject: 'with / without', unit: 'ratio', atMost: ratioMax },
      pairs.map(({ safe, bare }) => safe.cpuMs / bare.cpuMs),
    ),
    figureOf(
      {
        bench: 'safety',
        figure: `requests more on a healthy sync${where}`,
        subject: 'with',
        unit: 'requests',
        atMost: 0,
        ...detail,
      },
      pairs.map(({ safe, bare }) => asked(safe) - asked(bare)),
    ),
  ].flatMap((one) => one ?? []);
}
