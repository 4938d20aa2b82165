/** A newer normaliser: what was written under an older one, and seen again, still counts as written. */
import { expect, test } from 'vitest';
import type { Change } from '../../../domain/commit.ts';
import { KalendsError } from '../../../domain/errors.ts';
import type { IntentDoc } from '../../../domain/intent.ts';
import { managedKey } from '../../../domain/managed-event.ts';
import { wish } from './bodies.ts';
import { commitsOf, expectRebuildable, expectSettledIntents, outcomesOf } from './invariants.ts';
import { hour, minute, profileId, type Rig } from './rig.ts';
import { logOf, pull, seqOf, syncedInMemory, work } from './starts.ts';
import type { MemorySide } from './worlds.ts';

const older = (hash: string): string => `older ${hash}`;

function asWritten(change: Change): Change {
  if (change.kind === 'resource_put')
    return { ...change, observedHash: older(change.observedHash), normaliser: change.normaliser - 1 };
  if (change.kind === 'managed' && change.writtenHash !== null)
    return { ...change, writtenHash: older(change.writtenHash) };
  return change;
}

const attempted = (intent: IntentDoc): IntentDoc =>
  intent.attempt === null || intent.attempt.sentHash === null
    ? intent
    : { ...intent, attempt: { ...intent.attempt, sentHash: older(intent.attempt.sentHash) } };

/** Log and projections as the normaliser before this one would have left them. */
async function age({ documents, ...rig }: Rig<MemorySide>): Promise<void> {
  const commits = await commitsOf({ documents, ...rig });
  await documents.upsertMany(
    'commits',
    commits.map((one) => ({ ...one, changes: one.changes.map(asWritten) })),
  );
  const resources = await documents.find('resourcesOfProfile', { profileId });
  await documents.upsertMany(
    'resources',
    resources.map((one) => ({ ...one, observedHash: older(one.observedHash), normaliser: one.normaliser - 1 })),
  );
  const intents = await rig.intents();
  await documents.upsertMany('intents', intents.map(attempted));
  const managed = await documents.find('managedOfProfile', { profileId });
  await documents.upsertMany(
    'managed_events',
    managed.map((one) => ({ ...one, writtenHash: one.writtenHash === null ? null : older(one.writtenHash) })),
  );
}

function ownOf({ other }: Rig<MemorySide>): { readonly ref: string; readonly body: string } {
  const own = [...other.world.contents(work)].find(([ref]) => ref.startsWith('kalends-'));
  if (own === undefined) throw new Error('nothing was written');
  const [ref, body] = own;
  return { ref, body };
}

/** An event of an application, written under the older normaliser. */
async function written() {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  await age(rig);
  return { rig, ...ownOf(rig) };
}

/** The others of the invariants compare hashes and know of one normaliser alone. */
async function expectSound(rig: Rig<MemorySide>): Promise<void> {
  await expectRebuildable(rig);
  await expectSettledIntents(rig);
}

test('what is seen again unchanged needs no call for the same wish, and nobody is told', async () => {
  const { rig, ref, body } = await written();
  rig.other.put(work, ref, body);
  const before = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, before)).toEqual(['pull put own-g1.ics (seen)']);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(1);
  await rig.upsert(work, 'x', wish('Ours, later'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(2);
  await expectSound(rig);
});

test('it is so whatever the process dies of while it is seen again', async () => {
  const died: string[] = [];
  for (let passages = 1, reached = true; reached; passages += 1) {
    const { rig, ref, body } = await written();
    rig.other.put(work, ref, body);
    const before = rig.plan.passages.length;
    rig.plan.cuts = [{ at: before + passages, how: 'crash' }];
    await pull(rig);
    const seen = rig.plan.passages.slice(before);
    reached = seen.length >= passages;
    if (reached) died.push(seen[passages - 1] ?? '');
    await rig.upsert(work, 'x', wish('Ours'));
    rig.plan.cuts = [];
    await rig.pass(minute);
    expect(rig.other.world.count('put'), `${passages}: ${died.at(-1)}`).toBe(1);
    await expectSound(rig);
  }
  for (const collection of ['commits', 'managed_events', 'resources'])
    expect(died.filter((one) => one.endsWith(` ${collection}`))).not.toEqual([]);
});

test('what a person changed is written again', async () => {
  const { rig, ref, body } = await written();
  rig.other.put(work, ref, body.replace('SUMMARY:Ours', 'SUMMARY:Theirs'));
  await pull(rig);
  rig.other.put(work, ref, body.replace('SUMMARY:Ours', 'SUMMARY:Theirs'));
  await pull(rig);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(2);
  expect(rig.other.world.contents(work).get(ref)).toContain('SUMMARY:Ours');
  await expectSound(rig);
});

test('what a person had changed before, and is seen again since, is written again', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  const { ref, body } = ownOf(rig);
  const theirs = body.replace('SUMMARY:Ours', 'SUMMARY:Theirs');
  rig.other.put(work, ref, theirs);
  await pull(rig);
  await age(rig);
  rig.other.put(work, ref, theirs);
  await pull(rig);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(2);
  await expectSound(rig);
});

test('what was not seen again is as it was written', async () => {
  const { rig } = await written();
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(1);
  const applied = await rig.documents.get('managed_events', managedKey(rig.calendarId(work), 'x'));
  expect(applied?.writtenHash).toMatch(/^older /);
});

test.each(['a first', 'another'])(
  '%s call whose answer was lost under the older one is found to have landed',
  async (which) => {
    const lost = () => new KalendsError('timed_out', 'no answer');
    const rig = await syncedInMemory();
    if (which === 'another') {
      await rig.upsert(work, 'x', wish('Before'));
      await rig.pass(minute);
    }
    const calls = rig.other.world.count('put');
    rig.other.world.failNextAfterEffect('put', lost);
    rig.other.world.failNext('get', lost);
    await rig.upsert(work, 'x', wish('Ours'));
    await rig.settle();
    await age(rig);
    const before = await seqOf(rig);
    await rig.pass(hour);
    expect(outcomesOf(await rig.intents()).at(-1)).toMatch(/upsert written$/);
    // The hash of what was sent says nothing any more: rather told once too often than not at all.
    expect(await logOf(rig, before)).toEqual(['pull put own-g1.ics', 'write managed x g1']);
    expect(rig.other.world.count('put') - calls).toBe(1);
    await rig.upsert(work, 'x', wish('Ours'));
    await rig.pass(minute);
    expect(rig.other.world.count('put') - calls).toBe(1);
    await expectSound(rig);
  },
);
