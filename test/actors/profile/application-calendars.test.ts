/** Writes to application calendars: many at once, nobody asked, and each carried out once whatever dies. */
import { expect, test } from 'vitest';
import { explain } from '../../../services/ops/explain.ts';
import { createNormalise } from '../../../domain/normalise.ts';
import { wish } from './bodies.ts';
import type { Cut } from './gate.ts';
import {
  cacheOf,
  commitsOf,
  expectHonestLog,
  expectRebuildable,
  expectSettledIntents,
  expectWholeLog,
  outcomesOf,
} from './invariants.ts';
import { createRig, day, hour, minute, type Rig, type RigOptions } from './rig.ts';
import { applicationSide, type OtherSide } from './worlds.ts';

const calendar = 'calendar/';

async function started(options: Partial<RigOptions<OtherSide>> = {}): Promise<Rig<OtherSide>> {
  const rig = await createRig<OtherSide>({ side: applicationSide, ...options });
  await rig.pass(minute);
  return rig;
}

/** Lives that begin, change, end and begin again, several waiting at once; then a bulk removal and what comes after it. */
async function writeMuch(rig: Rig<OtherSide>): Promise<void> {
  for (const id of ['a', 'b', 'c', 'd']) await rig.upsert(calendar, id, wish(`First ${id}`));
  await rig.upsert(calendar, 'a', { summary: 'Second a' });
  await rig.remove(calendar, 'b');
  await rig.upsert(calendar, 'b', wish('Another life of b'));
  await rig.remove(calendar, 'never');
  await rig.pass(hour);
  await rig.upsert(calendar, 'c', { location: { description: 'Here', lat: null, long: null } });
  await rig.remove(calendar, 'd');
  await rig.upsert(calendar, 'e', wish('E'));
  await rig.pass(hour);
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.upsert(calendar, 'f', wish('F'));
  await rig.pass(9 * day);
}

async function ended(rig: Rig<OtherSide>): Promise<unknown> {
  await expectWholeLog(rig);
  await expectHonestLog(rig);
  await expectRebuildable(rig);
  await expectSettledIntents(rig);
  const told = { outcomes: outcomesOf(await rig.intents()), cache: await cacheOf(rig) };
  await rig.close();
  return told;
}

test('what waits for an application calendar is carried out in one commit, and each event knows its own operation', async () => {
  const rig = await started();
  const before = (await commitsOf(rig)).length;
  const accepted = [];
  for (let n = 0; n < 30; n += 1) accepted.push(await rig.upsert(calendar, `e${n}`, wish(`Event ${n}`)));
  await rig.settle();
  const commits = (await commitsOf(rig)).slice(before);
  expect(commits.map((one) => `${one.cause} ${one.operations.length}`)).toEqual(['write 30']);
  expect(outcomesOf(await rig.intents())).toEqual(accepted.map((one) => `${one.n} upsert written`));
  const context = { documents: rig.documents, normalise: createNormalise() };
  const { history } = await explain(context, { event: 'e7', calendar: rig.calendarId(calendar) });
  expect(history.map((one) => [one.what, one.operations])).toEqual([
    ['added', [accepted[7]?.operationId]],
    ['managed', [accepted[7]?.operationId]],
  ]);
  await rig.close();
});

test('a write that is refused takes no other with it, not even of its event', async () => {
  const rig = await started();
  await rig.upsert(calendar, 'a', wish('A'));
  await rig.settle();
  await rig.grant(['create_event', 'read_events']);
  await rig.remove(calendar, 'a');
  await rig.upsert(calendar, 'a', wish('A again'));
  await rig.upsert(calendar, 'b', wish('B'));
  await rig.accept({ kind: 'delete', calendarId: rig.calendarId('unknown/'), eventId: 'c' });
  await rig.upsert(calendar, 'd', wish('D'));
  await rig.pass(minute);
  expect(outcomesOf(await rig.intents())).toEqual([
    '1 upsert written',
    '2 delete rejected not_permitted',
    '3 upsert written',
    '4 upsert written',
    '5 delete rejected calendar_unknown',
    '6 upsert written',
  ]);
  await rig.close();
});

test.each(['crash', 'answer_lost', 'refused'] as const)(
  'writes end the same wherever they are cut: %s',
  async (how) => {
    const whole = await started();
    const begin = whole.plan.passages.length;
    await writeMuch(whole);
    const passages = whole.plan.passages.slice(begin);
    const expected = await ended(whole);
    const wrong: string[] = [];
    for (const [index, name] of passages.entries()) {
      const cuts: readonly Cut[] = [{ at: begin + index + 1, how }];
      const rig = await started({ cuts });
      await writeMuch(rig);
      const got = await ended(rig);
      if (JSON.stringify(got) !== JSON.stringify(expected)) wrong.push(`${index} ${name} ${JSON.stringify(got)}`);
    }
    expect(passages.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  },
);

test('two processes that both believe they own an application calendar carry out each write once', async () => {
  const rig = await started({ owners: 2 });
  await writeMuch(rig);
  const one = await started();
  await writeMuch(one);
  expect(await ended(rig)).toEqual(await ended(one));
});
