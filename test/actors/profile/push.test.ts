/** Accepted writes: each effect once, in order, with whatever happens at the calendar meanwhile. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { hour, minute, second, type Rig } from './rig.ts';
import { cached, logOf, pull, seqOf, summaries, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { OtherSide } from './worlds.ts';

const timedOut = () => new KalendsError('timed_out', 'no answer');
const serverError = () => new KalendsError('server_error', 'oh');

const ownRefs = (rig: Rig<OtherSide>, calendar = work): string[] =>
  [...(rig.other.contents().get(calendar)?.keys() ?? [])].filter((ref) => ref.startsWith('kalends-'));

const ownBody = (rig: Rig<OtherSide>): string =>
  rig.other
    .contents()
    .get(work)
    ?.get(ownRefs(rig)[0] ?? '') ?? '';

const outcomes = async (rig: Rig<OtherSide>): Promise<string[]> => outcomesOf(await rig.intents());

test('the same wish again needs no call, and a changed one does', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Once'));
  await rig.pass(minute);
  await rig.upsert(work, 'x', wish('Once'));
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(1);
  await rig.upsert(work, 'x', { summary: 'Twice' });
  await rig.pass(minute);
  expect(rig.other.world.count('put')).toBe(2);
  expect(await summaries(rig)).toEqual(['Event 0', 'Twice']);
  await expectAllWell(rig);
});

test('an event that a person changed meanwhile is read, told, and written onto', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Ours', { description: 'kept' }));
  await rig.pass(minute);
  const [ref = ''] = ownRefs(rig);
  rig.other.put(work, ref, ownBody(rig).replace('SUMMARY:Ours', 'SUMMARY:Theirs\r\nLOCATION:Room 1'));
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', { description: 'changed' });
  await rig.pass(minute);
  expect(await logOf(rig, before)).toEqual(['pull put own-g1.ics', 'write put own-g1.ics', 'write managed x g1']);
  expect(ownBody(rig)).toContain('SUMMARY:Ours');
  expect(ownBody(rig)).toContain('LOCATION:Room 1');
  await expectAllWell(rig);
});

test('what keeps changing under the writer is given up after a few tries, with a reason', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  rig.other.world.failNext('put', () => new KalendsError('precondition_failed', 'changed'), 10);
  await rig.upsert(work, 'x', { summary: 'Never' });
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 upsert rejected write_conflict_persists']);
  expect(rig.other.world.count('put')).toBe(5);
  await expectAllWell(rig);
});

test('an event that a person removed lives again under a new name', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('First life', { description: 'kept' }));
  await rig.pass(minute);
  rig.other.remove(work, ownRefs(rig)[0] ?? '');
  await pull(rig);
  await rig.upsert(work, 'x', { summary: 'Second life' });
  await rig.pass(minute);
  expect(await cached(rig)).toEqual(['e0.ics', 'own-g2.ics']);
  expect(ownBody(rig)).toMatch(/DESCRIPTION:kept/);
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', wish('Third life'));
  await rig.pass(minute);
  expect(await cached(rig)).toEqual(['e0.ics', 'own-g3.ics']);
  await expectAllWell(rig);
});

test('a removal of what a person removed already needs no call', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Short'));
  await rig.pass(minute);
  rig.other.remove(work, ownRefs(rig)[0] ?? '');
  await pull(rig);
  await rig.remove(work, 'x');
  await rig.remove(work, 'never written');
  await rig.pass(minute);
  expect(rig.other.world.count('remove')).toBe(0);
  expect((await outcomes(rig)).slice(1)).toEqual(['2 delete written', '3 delete written']);
  await expectAllWell(rig);
});

test('a removal that a person forestalled unseen is done, by whatever evidence', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Short'));
  await rig.pass(minute);
  rig.other.remove(work, ownRefs(rig)[0] ?? '');
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 delete written']);
  await expectAllWell(rig);
});

test('what was created and removed between two deltas is missed by no one', async () => {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'x', wish('Short'));
  await rig.pass(minute);
  rig.other.remove(work, ownRefs(rig)[0] ?? '');
  const before = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, before)).toEqual(['pull removed own-g1.ics by direct_get']);
  await expectAllWell(rig);
});

test('a new patch that arrives while the outcome of another is unknown is carried out after it', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', timedOut, 1);
  await rig.upsert(work, 'x', wish('First'));
  await rig.upsert(work, 'x', { description: 'with it' });
  await rig.settle();
  await rig.upsert(work, 'x', { summary: 'Second' });
  await rig.pass(5 * minute);
  expect(await outcomes(rig)).toEqual(['1 upsert merged', '2 upsert written', '3 upsert written']);
  expect(rig.effects.filter((one) => one.startsWith('put'))).toHaveLength(2);
  expect(await summaries(rig)).toEqual(['Event 0', 'Second']);
  await expectAllWell(rig);
});

test('a write whose effect comes after its time-out is done once', async () => {
  const rig = await syncedOverCalDav();
  rig.other.server.faults.set('effect_late', { nextN: 1, value: 45 * second });
  await rig.upsert(work, 'x', wish('Late'));
  await rig.pass(10 * minute);
  expect(rig.effects).toHaveLength(1);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  await expectAllWell(rig);
});

test('a write that shows itself in a pull before its answer is ours, and tells nobody', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', serverError);
  rig.other.world.failNext('get', serverError, 2);
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', wish('Echo'));
  await rig.settle();
  await pull(rig, 10 * minute);
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics', 'write managed x g1']);
  expect(rig.effects).toHaveLength(1);
  await expectAllWell(rig);
});

test('what a server makes of a write beyond what was sent is told as its own', async () => {
  const rig = await syncedOverCalDav();
  rig.other.server.faults.set('put_drops_location', { always: true });
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', wish('Rewritten', { location: { description: 'Here', lat: null, long: null } }));
  await rig.pass(minute);
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics', 'write managed x g1', 'pull put own-g1.ics']);
  await rig.upsert(work, 'x', wish('Rewritten', { location: { description: 'Here', lat: null, long: null } }));
  await rig.pass(minute);
  expect(rig.effects).toHaveLength(1);
  await expectAllWell(rig);
});

test("somebody's edit after a write of unknown outcome is told, and the write is not repeated", async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', timedOut, 1);
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.settle();
  const [ref = ''] = ownRefs(rig);
  rig.other.put(work, ref, ownBody(rig).replace('SUMMARY:Ours', 'SUMMARY:Ours\r\nLOCATION:Their room'));
  await rig.pass(10 * minute);
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics', 'write managed x g1', 'pull put own-g1.ics']);
  expect(rig.other.world.count('put')).toBe(1);
  await expectAllWell(rig);
});

test('an event that a person moved to another name carries on under it', async () => {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'x', wish('Before'));
  await rig.pass(minute);
  const [ref = ''] = ownRefs(rig);
  rig.other.server.world.move(`/calendars/alice/${work}`, ref, `/calendars/alice/${work}`, 'moved.ics');
  await rig.upsert(work, 'x', { summary: 'After' });
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 upsert written']);
  await pull(rig);
  expect(await cached(rig)).toEqual(['e0.ics', 'moved.ics']);
  expect(await summaries(rig)).toEqual(['Event 0', 'After']);
  await expectAllWell(rig);
});

test('a refusal for good ends the write, and says why', async () => {
  const rig = await syncedInMemory();
  for (const code of ['content_refused', 'privilege_missing', 'method_unsupported', 'bad_request'] as const) {
    rig.other.world.failNext('put', () => new KalendsError(code, `refused: ${code}`));
    await rig.upsert(work, code, wish('Refused'));
    await rig.pass(minute);
  }
  expect((await outcomes(rig)).map((one) => one.split(' ').slice(2).join(' '))).toEqual([
    'rejected content_refused',
    'rejected privilege_missing',
    'rejected method_unsupported',
    'rejected bad_request',
  ]);
  expect((await rig.profile()).state.name).toBe('live');
  await expectAllWell(rig);
});

test('a full mailbox is waited for', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNext('put', () => new KalendsError('quota_exceeded', 'full'), 4);
  await rig.upsert(work, 'x', wish('Patient'));
  await rig.pass(3 * hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  await expectAllWell(rig);
});

test('one event that cannot be written holds up nobody else, and is no matter of the profile', async () => {
  const rig = await syncedOverCalDav();
  rig.other.server.faults.set('hangs', {
    always: true,
    only: { method: 'PUT', matches: ({ body }) => body.includes('Poison') },
  });
  await rig.upsert(work, 'bad', wish('Poison'));
  await rig.upsert(work, 'good', wish('Good'));
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await rig.request('pull');
  await rig.pass(10 * minute);
  expect(await summaries(rig)).toEqual(['Event 0', 'New', 'Good']);
  expect((await rig.profile()).state.name).toBe('live');
  expect(await outcomes(rig)).toEqual(['1 upsert queued', '2 upsert written']);
  const asked = rig.other.server.log.filter(({ method }) => method === 'PUT').length;
  expect(asked).toBeLessThan(15);
  rig.other.server.faults.clearAll();
  await rig.pass(hour);
  await expectAllWell(rig);
});

test('an invitation names who invites, and an event without guests names nobody', async () => {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'alone', wish('Alone'));
  await rig.pass(minute);
  expect(ownBody(rig)).not.toContain('ORGANIZER');
  await rig.upsert(work, 'alone', { invited: [{ email: 'guest@example.org', displayName: null }] });
  await rig.pass(minute);
  expect(ownBody(rig)).toContain('ORGANIZER:mailto:someone@example.com');
  expect(ownBody(rig)).toContain('mailto:guest@example.org');
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 upsert written']);
  await expectAllWell(rig);
});
