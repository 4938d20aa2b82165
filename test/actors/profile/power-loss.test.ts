/** The power goes at every passage: what was durable with the next write only is done again, with every effect once. */
import { expect, test } from 'vitest';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { hour, type Rig } from './rig.ts';
import { pull, summaries, synced, work } from './starts.ts';
import { memorySide, modelSide, type OtherSide } from './worlds.ts';

const scenarios: Readonly<Record<string, (rig: Rig<OtherSide>) => Promise<void>>> = {
  writes: async (rig) => {
    await rig.upsert(work, 'x', wish('X'));
    await rig.upsert(work, 'x', { summary: 'X2' });
    await rig.upsert(work, 'y', wish('Y'));
    await rig.remove(work, 'x');
    await rig.upsert(work, 'x', wish('X3'));
    await rig.remove(work, 'never');
  },
  'a bulk removal': async (rig) => {
    for (const k of [1, 2, 3]) await rig.upsert(work, `b${k}`, wish(`B${k}`));
    await rig.accept({ kind: 'delete_all', calendarIds: null });
    await rig.upsert(work, 'b1', wish('again'));
  },
  'what operators ask for': async (rig) => {
    rig.other.put(work, 'new.ics', ics('new', 'New'));
    rig.other.remove(work, 'e0.ics');
    for (const request of ['resync', 'disconnect', 'relinked', 'pull'] as const) await rig.request(request);
    await rig.upsert(work, 'x', wish('X'));
  },
};

type Start = () => Promise<Rig<OtherSide>>;

const overCalDav = (fault: 'put_drops_location' | 'pages_507' | null): Start => {
  return () =>
    synced<OtherSide>({
      events: 2,
      powerLoss: true,
      side: (clock, random) => {
        const side = modelSide(clock, random);
        if (fault !== null)
          side.server.faults.set(fault, { always: true, ...(fault === 'pages_507' ? { value: 1 } : {}) });
        return side;
      },
    });
};

const sides: Readonly<Record<string, Start>> = {
  'in memory': () => synced<OtherSide>({ events: 2, powerLoss: true, side: (clock) => memorySide(clock) }),
  'over CalDAV': overCalDav(null),
  'with a server that rewrites': overCalDav('put_drops_location'),
  'with a server that answers in pages': overCalDav('pages_507'),
};

const cases = Object.keys(sides).flatMap((side) => Object.keys(scenarios).map((name) => ({ side, name })));

test.each(cases)('$name, $side', { timeout: 120_000 }, async ({ side, name }) => {
  const start = sides[side] as Start;
  const play = scenarios[name] as (typeof scenarios)[string];
  const told = async (rig: Rig<OtherSide>) => {
    await expectAllWell(rig);
    // Different events may come in any order.
    const effects = rig.effects.map((one) => one.split(' ').slice(0, 3).join(' ')).sort();
    return { outcomes: outcomesOf(await rig.intents()), summaries: await summaries(rig), effects };
  };
  const whole = await start();
  const begin = whole.plan.passages.length;
  await play(whole);
  await pull(whole, hour);
  const wanted = await told(whole);
  let lost = 0;
  for (let at = begin + 1; at <= whole.plan.passages.length; at += 1) {
    const rig = await start();
    rig.plan.cuts = [{ at, how: 'crash' }];
    await play(rig);
    await pull(rig, hour);
    expect(await told(rig), `at ${at - begin}, ${whole.plan.passages[at - 1]}`).toEqual(wanted);
    lost += rig.lost();
    await rig.close();
  }
  expect(lost).toBeGreaterThan(10);
});
