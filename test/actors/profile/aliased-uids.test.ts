/** Servers for which one UID is one event, whichever calendars show it (Zimbra): what happens to the copy is told, and left alone. */
import { expect, test } from 'vitest';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { home } from './pulls.ts';
import { hour, minute, type Rig } from './rig.ts';
import { logOf, pull, seqOf, syncedOverCalDav, work } from './starts.ts';
import type { ModelSide } from './worlds.ts';

const copies = 'copies/';

/** An event of an application, and a copy of it that a person put into another calendar. */
async function copied(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.addCalendar('copies');
  await rig.upsert(work, 'x', wish('One'));
  await pull(rig);
  const [own = ''] = rig.other.server.world.names(home + work);
  rig.other.put(copies, 'copy.ics', rig.other.server.world.body(home + work, own));
  await pull(rig);
  return rig;
}

/** What follows by itself, for hours, from one more write: nobody writes against anybody. */
async function writesOfHours(rig: Rig<ModelSide>): Promise<number> {
  const before = rig.effects.length;
  for (let k = 0; k < 6; k += 1) {
    await pull(rig);
    await rig.pass(hour);
  }
  return rig.effects.length - before;
}

const ownLines = (lines: readonly string[]): readonly string[] => lines.filter((line) => !line.includes('managed'));

test('a write that changes the copy as well is told as one change of each, and nothing is written again', async () => {
  const rig = await copied();
  rig.other.server.faults.set('uid_aliased_changes', { always: true });
  const seq = await seqOf(rig);
  await rig.upsert(work, 'x', { summary: 'Two' });
  await rig.pass(minute);
  expect(await writesOfHours(rig)).toBe(0);
  expect(ownLines(await logOf(rig, seq))).toEqual(['write put own-g1.ics', 'pull put copy.ics']);
  await expectAllWell(rig);
});

test('a write that takes the copy away is told as its removal, on the word of its own calendar', async () => {
  const rig = await copied();
  rig.other.server.faults.set('uid_aliased_moves', { always: true });
  const seq = await seqOf(rig);
  await rig.upsert(work, 'x', { summary: 'Two' });
  await rig.pass(minute);
  expect(await writesOfHours(rig)).toBe(0);
  const [written, removed, ...others] = ownLines(await logOf(rig, seq));
  expect([written, others]).toEqual(['write put own-g1.ics', []]);
  expect(removed).toMatch(/^pull removed copy\.ics by (?:tombstone|direct_get)$/);
  await expectAllWell(rig);
});

test('an event that its copy took away with it is made anew by the next write, under another UID', async () => {
  const rig = await copied();
  const [own = ''] = rig.other.server.world.names(home + work);
  // A person edits the copy, on the web page of the server: it is the only one from now on.
  rig.other.remove(work, own);
  await pull(rig);
  rig.other.server.faults.set('uid_aliased_moves', { always: true });
  await rig.upsert(work, 'x', { summary: 'Two' });
  await pull(rig, hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
  expect(rig.other.server.faults.count('uid_aliased_moves')).toBe(0);
  expect(rig.other.server.world.names(home + copies)).toEqual(['copy.ics']);
  await expectAllWell(rig);
});

test('a delete that removes the copy as well is told as one removal of each', async () => {
  const rig = await copied();
  rig.other.server.faults.set('uid_aliased_changes', { always: true });
  const seq = await seqOf(rig);
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect(await writesOfHours(rig)).toBe(0);
  const lines = ownLines(await logOf(rig, seq));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('write removed own-g1.ics by own_write');
  expect(lines[1]).toMatch(/^pull removed copy\.ics by/);
  await expectAllWell(rig);
});

test('one event_id in two calendars has two UIDs, so that no server takes the two for one', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.addCalendar('copies');
  await pull(rig);
  rig.other.server.faults.set('uid_aliased_moves', { always: true });
  for (const calendar of [work, copies]) await rig.upsert(calendar, 'x', wish('Same'));
  await rig.pass(minute);
  expect(rig.other.server.faults.count('uid_aliased_moves')).toBe(0);
  for (const calendar of [work, copies]) expect(rig.other.server.world.names(home + calendar)).toHaveLength(1);
  await expectAllWell(rig);
});
