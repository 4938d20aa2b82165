/** What the sweeps ask: due profiles of a node's own slots, however many are due elsewhere or cannot run. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHosts } from '../../../actors/profile/hosts.ts';
import { createSweepQuestions } from '../../../actors/profile/sweep-questions.ts';
import type { Documents } from '../../../store/documents.ts';
import { openSqlite } from '../../../store/engines/sqlite.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { profile, profileId } from '../../store/samples.ts';

let documents: Documents;
beforeEach(async () => {
  documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
});
afterEach(() => documents.close());

const clock = createFakeClock(1_000_000);
const nowMs = clock.now();

function questions(ownsSlot: (slot: number) => boolean) {
  const hosts = createHosts({ documents, clock, random: () => 0 });
  return createSweepQuestions({ documents, hosts, ownsSlot });
}

const due = (name: string, slot: number, nextWakeAtMs: number) => profile(profileId(name), { slot, nextWakeAtMs });

test('profiles of slots that nobody runs take no place in the batch of those that somebody does', async () => {
  const dead = Array.from({ length: 300 }, (_, k) => due(`dead-${k}`, 7, nowMs - 10_000 + k));
  await documents.insertMany('profiles', [...dead, due('mine', 8, nowMs - 1)]);
  expect(await questions((slot) => slot === 8).dueIds(nowMs, 100)).toEqual(['pro_mine']);
  expect(await questions(() => false).dueIds(nowMs, 100)).toEqual([]);
  expect(await questions(() => true).dueIds(nowMs, 1_000)).toHaveLength(301);
});

test('profiles that stay due for long hide nobody for longer than a round', async () => {
  const stuck = Array.from({ length: 1_000 }, (_, k) => due(`stuck-${k}`, 0, nowMs - 10_000 + k));
  await documents.insertMany('profiles', [...stuck, due('fresh', 0, nowMs - 1)]);
  const asked = questions(() => true);
  const found = new Set<string>();
  for (let sweep = 0; sweep < 10; sweep += 1) {
    const ids = await asked.dueIds(nowMs, 100);
    expect(ids.length).toBeLessThanOrEqual(200);
    expect(ids.slice(0, 3)).toEqual(['pro_stuck-0', 'pro_stuck-1', 'pro_stuck-2']);
    for (const id of ids) found.add(id);
  }
  expect(found.size).toBe(1_001);
});
