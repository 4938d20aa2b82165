/**
 * What an idle profile actor costs: heap and resident memory for each, after a turn and a garbage collection. Each run
 * is a process of its own; the subjects take turns, so that a slow minute of the machine hits all of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleSubjects, type IdleSubject, type Weight } from './idle/actors.ts';
import { figureOf, type Bench, type Figure, type Scale } from './kit/figures.ts';
import { withSubject } from './kit/processes.ts';

/** Bytes of heap that an idle actor may cost. */
const heapMax = 1_024;

export const idleActors: Bench = (scale) => idleActorsOf(scale, scale.quick ? [1_000] : [10_000, 100_000]);

export async function idleActorsOf(scale: Scale, sizes: readonly number[]): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  try {
    const figures: Figure[] = [];
    for (const n of sizes) {
      const path = join(folder, `profiles-${n}.sqlite`);
      const filled = await withSubject('idle.actors', (one) => one.ask<number>('fill', { n, path }));
      if (filled !== n) throw new Error(`expected ${n} profiles, activated ${filled}`);
      figures.push(...(await weighed(scale, n, path)));
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function weighed(scale: Scale, n: number, path: string): Promise<Figure[]> {
  const weights = new Map<IdleSubject, Weight[]>(idleSubjects.map((name) => [name, []]));
  for (let round = 1; round <= scale.runs; round += 1) {
    for (const [subject, found] of weights) {
      const weigh = (one: { ask<T>(action: string, params: object): Promise<T> }): Promise<Weight> =>
        one.ask<Weight>('weigh', { subject, n, path });
      found.push(await withSubject('idle.actors', weigh, ['--expose-gc']));
    }
    scale.log(`idle-actors: ${n}, round ${round} of ${scale.runs}`);
  }
  return [...weights].flatMap(([subject, found]) => figuresOf(subject, n, found));
}

function figuresOf(subject: IdleSubject, n: number, found: readonly Weight[]): Figure[] {
  const ours = subject === 'supervisors' || subject === 'runtime' || subject === 'runtime_queued';
  const labels = { bench: 'idle-actors', subject, unit: 'B' } as const;
  const heap = { ...labels, figure: `heap per actor, ${n}`, ...(ours ? { atMost: heapMax } : {}) };
  const rss = { ...labels, figure: `resident size per actor, ${n}` };
  return [
    figureOf(
      heap,
      found.map((one) => one.heap),
    ),
    figureOf(
      rss,
      found.map((one) => one.rss),
    ),
  ].flatMap((one) => one ?? []);
}
