/** Rebuilding and comparing projections while the profile goes on: nobody writes beside its actor, and nothing is reported that is not so. */
import { expect, it } from 'vitest';
import { horizon } from '../../config/policies.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { rebuild } from '../../services/ops/rebuild.ts';
import type { Documents } from '../../store/documents.ts';
import { ics } from '../actors/profile/bodies.ts';
import { expectAllWell } from '../actors/profile/invariants.ts';
import { minute, profileId, type Rig } from '../actors/profile/rig.ts';
import { pull, summaries, syncedInMemory, work } from '../actors/profile/starts.ts';
import type { MemorySide } from '../actors/profile/worlds.ts';

/** An operator's view of the rig: after each of the first `turns` reads of the log, the profile has an ordinary turn. */
function operatorsOf(rig: Rig<MemorySide>, turns = 0) {
  let left = turns;
  const documents: Documents = new Proxy(rig.documents, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const inner = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      if (name !== 'find') return inner;
      return async (...args: unknown[]) => {
        const found = await inner(...args);
        if (args[0] !== 'commitsOfProfile' || left === 0) return found;
        left -= 1;
        rig.other.put(work, `late${left}.ics`, ics(`late${left}`, `Late ${left}`));
        await pull(rig);
        return found;
      };
    },
  });
  // While an operator waits, actors work.
  const clock = { ...rig.clock, sleep: () => rig.pass(minute) };
  return { documents, clock, normalise: createNormalise(), horizon, nudge: () => undefined, turn: null };
}

async function tamper({ documents }: Rig<MemorySide>): Promise<void> {
  const [event] = await documents.find('eventsOfProfile', { profileId }, { limit: 1 });
  if (event === undefined) throw new Error('nothing is projected');
  await documents.upsertMany('events', [{ ...event, summary: 'Tampered with' }]);
}

it('a rebuild with ordinary turns in between loses nothing of what they projected', async () => {
  const rig = await syncedInMemory({ events: 3 });
  await tamper(rig);
  await rebuild(operatorsOf(rig, 3), { profileId, compare: false });
  expect(await summaries(rig)).toEqual(expect.arrayContaining(['Event 0', 'Late 0', 'Late 1', 'Late 2']));
  expect(await summaries(rig)).not.toContain('Tampered with');
  await expectAllWell(rig);
});

it('a rebuild answers what was wrong before, and writes nothing where nothing is', async () => {
  const rig = await syncedInMemory({ events: 3 });
  await tamper(rig);
  const answer = await rebuild(operatorsOf(rig), { profileId, compare: false });
  expect(answer).toMatchObject({ profiles: 1, different: 1, unsettled: [], waiting: [], failed: [] });
  expect(answer.reports).toMatchObject([{ profileId, differences: [{ collection: 'events', difference: 'unlike' }] }]);
  const { rev } = await rig.profile();
  expect(await rebuild(operatorsOf(rig), { profileId, compare: false })).toMatchObject({ different: 0, reports: [] });
  expect((await rig.profile()).rev).toBe(rev);
});

it('a rebuild that no actor carries out is said to wait, and is carried out when one runs again', async () => {
  const rig = await syncedInMemory({ events: 3 });
  await tamper(rig);
  const operators = operatorsOf(rig);
  const alone = { ...operators, clock: { ...rig.clock, sleep: (ms: number) => rig.clock.advance(ms) } };
  expect(await rebuild(alone, { profileId, compare: false })).toMatchObject({ different: 1, waiting: [profileId] });
  await rig.pass(minute);
  expect(await rebuild(operators, { profileId, compare: true })).toMatchObject({ different: 0, unsettled: [] });
});

it('a rebuild that its actor gave up is said to have failed', async () => {
  const rig = await syncedInMemory({ events: 3 });
  await tamper(rig);
  const operators = operatorsOf(rig);
  const upsertMany = rig.documents.upsertMany.bind(rig.documents);
  Object.assign(rig.documents, {
    upsertMany: (...args: Parameters<typeof upsertMany>) =>
      args[0] === 'events' ? Promise.reject(new RangeError('too large')) : upsertMany(...args),
  });
  const answer = await rebuild(operators, { profileId, compare: false });
  expect(answer).toMatchObject({ different: 1, waiting: [], failed: [profileId] });
  Object.assign(rig.documents, { upsertMany });
  expect(await rebuild(operators, { profileId, compare: false })).toMatchObject({ different: 1, failed: [] });
  await expectAllWell(rig);
});

it('a comparison with an ordinary turn in between is made again', async () => {
  const rig = await syncedInMemory({ events: 3 });
  const answer = await rebuild(operatorsOf(rig, 1), { profileId, compare: true });
  expect(answer).toMatchObject({ profiles: 1, different: 0, unsettled: [], reports: [] });
  await tamper(rig);
  expect(await rebuild(operatorsOf(rig, 1), { profileId, compare: true })).toMatchObject({
    different: 1,
    unsettled: [],
  });
});

it('a comparison says so where the profile never stands still', async () => {
  const rig = await syncedInMemory({ events: 3 });
  await tamper(rig);
  const answer = await rebuild(operatorsOf(rig, 1_000), { profileId, compare: true });
  expect(answer).toMatchObject({ profiles: 1, different: 0, unsettled: [profileId] });
});

it('a comparison in the middle of a turn, which has projected and not yet said so, reports no difference', async () => {
  const rig = await syncedInMemory({ events: 3 });
  const before = await rig.profile();
  rig.other.put(work, 'late.ics', ics('late', 'Late'));
  await pull(rig);
  const { rev } = await rig.profile();
  await rig.documents.replace('profiles', { ...before, rev: rev + 1 }, rev);
  const operators = operatorsOf(rig);
  const meanwhile = { ...operators, clock: { ...rig.clock, sleep: (ms: number) => rig.clock.advance(ms) } };
  expect(await rebuild(meanwhile, { profileId, compare: true })).toMatchObject({
    different: 0,
    unsettled: [profileId],
  });
});
