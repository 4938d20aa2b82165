/** One thread of a simulation: takes plans' seeds, answers their outcomes. */
import { parentPort } from 'node:worker_threads';
import { createCoverage } from './coverage.ts';
import { planOf } from './plan.ts';
import type { Outcome } from './outcome.ts';
import { runSeed } from './run.ts';

export interface Answer {
  readonly outcome: Omit<Outcome, 'trace' | 'effects'>;
  readonly hits: readonly (readonly [string, number])[];
}

parentPort?.on('message', (seed: number) => {
  const coverage = createCoverage();
  void runSeed(planOf(seed), { coverage }).then(({ trace: _trace, effects: _effects, ...outcome }) => {
    const answer: Answer = { outcome, hits: [...coverage.hits] };
    parentPort?.postMessage(answer, []);
  });
});
