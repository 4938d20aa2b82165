/** The bench of idle actors on a few of them: every subject proves that its actors are there before it is believed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { idleActorsOf } from '../../bench/idle-actors.ts';
import { idleSubjects } from '../../bench/idle/actors.ts';
import { withSubject } from '../../bench/kit/processes.ts';

test('every subject is weighed, the real supervisor among them', { timeout: 120_000 }, async () => {
  const figures = await idleActorsOf({ quick: true, runs: 1, log: () => undefined }, [50]);
  expect(new Set(figures.map((one) => one.subject))).toEqual(new Set(idleSubjects));
  expect(figures).toHaveLength(2 * idleSubjects.length);
  const promised = figures.filter((one) => one.atMost !== undefined);
  const heap = ['heap per actor, 50', 'B', 1_024];
  expect(new Set(promised.map((one) => [one.subject, one.figure, one.unit, one.atMost].join()))).toEqual(
    new Set(['supervisors', 'runtime', 'runtime_queued'].map((subject) => [subject, ...heap].join())),
  );
});

test('supervisors whose profiles are not there weigh nothing and are refused', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  try {
    const path = join(folder, 'few.sqlite');
    await withSubject('idle.actors', (one) => one.ask('fill', { n: 5, path }));
    const weigh = withSubject('idle.actors', (one) => one.ask('weigh', { subject: 'supervisors', n: 6, path }), [
      '--expose-gc',
    ]);
    await expect(weigh).rejects.toThrow(/expected 6 actors, found 5/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
