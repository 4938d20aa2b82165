/** Calls that were given up and have their effect all the same, when nobody waits for it any more. */
import { expect, test } from 'vitest';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, second, type Rig } from './rig.ts';
import { cached, logOf, pull, still, summaries, syncedOverCalDav, work } from './starts.ts';
import { answer } from '../../support/caldav-model/exchange.ts';
import type { PlainRequest } from '../../support/caldav-model/server.ts';
import type { ModelSide } from './worlds.ts';

/** The next PUT is never answered, and has its effect a minute later. */
async function lateRig(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.server.faults.set('effect_late', { nextN: 1, only: { method: 'PUT' } });
  return rig;
}

const putsOf = (rig: Rig<ModelSide>): string[] =>
  rig.other.server.log
    .filter(({ effect }) => effect.kind === 'created' || effect.kind === 'updated')
    .map(({ effect }) => effect.kind);

/** The call was given up and read back, and no further one reaches the server: whatever lands is the late one. */
async function lateAndAlone(): Promise<Rig<ModelSide>> {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  rig.other.server.faults.set('host_down', { always: true, only: { method: 'PUT' } });
  await rig.pass(40 * second);
  expect(putsOf(rig)).toEqual([]);
  expect((await rig.intents()).map((one) => one.attempt)).toEqual([null]);
  return rig;
}

/** The server looks at no precondition, and the call for `One` was given up; it overwrites `Two` when it lands. */
async function overwrittenLate(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav({ events: 0 });
  await rig.upsert(work, 'x', wish('Zero'));
  await rig.pass(minute);
  const { faults } = rig.other.server;
  faults.set('effect_late', { nextN: 1, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', wish('One'));
  await rig.pass(10 * second);
  await rig.upsert(work, 'x', wish('Two'));
  faults.set('preconditions_ignored', { always: true });
  return rig;
}

test('a write that lands late is settled by the pull that shows it, and not made again', async () => {
  const rig = await lateAndAlone();
  await rig.pass(2 * minute);
  await pull(rig);
  rig.other.server.faults.clearAll();
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
  // It is the application's own: nobody is told.
  expect((await logOf(rig)).filter((line) => line.startsWith('pull put'))).toEqual([]);
  await expectAllWell(rig);
});

test('a delete behind it waits until nothing can come any more, and removes what came', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(10 * second);
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  await pull(rig);
  expect(await cached(rig)).toEqual([]);
  expect([...(rig.other.contents().get(work)?.keys() ?? [])]).toEqual([]);
  await expectAllWell(rig);
});

test('a life that began late is ended before the next one begins, under another name', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('First life'));
  await rig.pass(10 * second);
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', wish('Second life'));
  await rig.pass(hour);
  await pull(rig);
  expect(await summaries(rig)).toEqual(['Second life']);
  expect(await cached(rig)).toEqual(['own-g2.ics']);
  await expectAllWell(rig);
});

test('a question about a late call that nobody answers is asked again before the next life begins', async () => {
  const rig = await lateRig();
  const { faults, world } = rig.other.server;
  await rig.upsert(work, 'x', wish('First life'));
  await rig.pass(40 * second);
  expect(await cached(rig)).toEqual(['own-g1.ics']);
  const [name = ''] = world.names(`/calendars/alice/${work}`);
  world.remove(`/calendars/alice/${work}`, name);
  await pull(rig, 5 * second);
  await rig.pass(minute);
  expect(putsOf(rig)).toEqual(['created', 'created']);
  faults.set('throttled_429', { nextN: 1, only: { method: 'GET' } });
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', wish('Second life'));
  await rig.pass(hour);
  await pull(rig);
  expect(await cached(rig)).toEqual(['own-g2.ics']);
  await expectAllWell(rig);
});

test('each of several late calls of one write is waited for before the life that it would begin is called ended', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults } = rig.other.server;
  faults.set('effect_late', { nextN: 2, value: 175 * second, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(putsOf(rig)).toEqual(['created']);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  await pull(rig);
  expect(await cached(rig)).toEqual([]);
  await expectAllWell(rig);
});

test('on a server that looks at no precondition, what a late call overwrote is written again, and told', async () => {
  const rig = await overwrittenLate();
  await rig.pass(2 * minute);
  await pull(rig, hour);
  expect(await summaries(rig)).toEqual(['Two']);
  const told = (await logOf(rig)).slice(-4);
  expect(told).toContain('repair put own-g1.ics');
  await expectAllWell(rig);
});

test.each(['delete', 'delete_all'] as const)(
  'what a late call overwrote is not put right behind a %s, which leaves nothing to put right',
  async (kind) => {
    const rig = await overwrittenLate();
    await rig.pass(minute);
    rig.other.server.faults.set('host_down', { nextN: 1, only: { method: 'DELETE' } });
    await (kind === 'delete' ? rig.remove(work, 'x') : rig.accept({ kind, calendarIds: null }));
    await rig.pass(30 * second);
    await pull(rig, hour);
    expect(outcomesOf(await rig.intents()).slice(3)).toEqual([`4 ${kind} written`, '5 upsert written']);
    expect(await cached(rig)).toEqual([]);
    await expectAllWell(rig);
  },
);

test('a write that may still land is not called refused when its permission ends, and is written once it has landed', async () => {
  const rig = await lateAndAlone();
  await rig.grant(['read_events']);
  rig.other.server.faults.clearAll();
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
  await pull(rig);
  await expectAllWell(rig);
});

test('a late call is not forgotten because the question about it failed', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults } = rig.other.server;
  let removed = false;
  // The delete is accepted while the call is under way, which lands when everybody has stopped looking out for it.
  const matches = (): boolean => {
    if (!removed) void rig.remove(work, 'x');
    removed = true;
    return true;
  };
  faults.set('effect_late', { nextN: 1, value: 100_000, only: { method: 'PUT', matches } });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(30 * second);
  faults.set('status_503', { nextN: 1, only: { method: 'GET' } });
  await rig.pass(3 * hour);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  expect([...(rig.other.contents().get(work)?.keys() ?? [])]).toEqual([]);
  await expectAllWell(rig);
});

test('a refusal for good is not the last word while an earlier call may land: what landed is written', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  rig.other.server.faults.set('forbidden_anyway', { always: true, only: { method: 'PUT' } });
  await rig.pass(10 * minute);
  expect(putsOf(rig)).toEqual(['created']);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  rig.other.server.faults.clearAll();
  await expectAllWell(rig);
});

test('a refusal for good stands when nothing of the earlier call has come in time', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults } = rig.other.server;
  faults.set('hangs', { nextN: 1, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  faults.set('forbidden_anyway', { always: true, only: { method: 'PUT' } });
  await rig.pass(2 * minute);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert queued']);
  await rig.pass(10 * minute);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert rejected content_refused']);
  faults.clearAll();
  await expectAllWell(rig);
});

test('conflicts without end are not the last word while an earlier call may land', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  const { server } = rig.other;
  const respond = server.respond.bind(server);
  Object.assign(server, {
    respond: (request: PlainRequest) => (request.method === 'PUT' ? Promise.resolve(answer(412)) : respond(request)),
  });
  await rig.pass(hour);
  expect(putsOf(rig)).toEqual(['created']);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
});

test('what may still land does not expire, and is written once it has landed', async () => {
  const rig = await syncedOverCalDav({ events: 0, polling: still });
  const { faults } = rig.other.server;
  faults.set('host_down', { always: true });
  const { expiresAtMs } = await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  await rig.clock.advance(expiresAtMs - rig.clock.now() - 20 * second);
  faults.clearAll();
  faults.set('effect_late', { nextN: 1, only: { method: 'PUT' } });
  await rig.request('reinstate');
  await rig.settle();
  faults.set('status_503', { always: true, only: { method: 'PUT' } });
  await rig.pass(30 * second);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert queued']);
  await rig.pass(10 * minute);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
});

test('what a write began on a server that rewrites it is not ended by the delete that was accepted before it', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults } = rig.other.server;
  // A call that was refused for good, and might have had its effect: what stands later may be either's.
  faults.set('write_forbidden_403', { nextN: 2, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', wish('Refused'));
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert rejected content_refused']);
  faults.set('host_down', { always: true });
  await rig.request('pull');
  await rig.settle();
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', { ...wish('X'), location: { description: 'Hall', lat: null, long: null } });
  await rig.settle();
  faults.clearAll();
  faults.set('put_drops_location', { always: true });
  faults.set('status_500', { nextN: 1, only: { method: 'GET' } });
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents()).slice(1)).toEqual(['2 delete merged', '3 upsert written']);
  expect(putsOf(rig)).toEqual(['created', 'updated']);
  expect(rig.other.server.log.filter(({ effect }) => effect.kind === 'removed')).toEqual([]);
  expect(await cached(rig)).toEqual(['own-g1.ics']);
  await expectAllWell(rig);
});

test('what a server made of a write is what was written, whatever calls it had refused before', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults } = rig.other.server;
  faults.set('put_drops_location', { always: true });
  faults.set('throttled_429', { nextN: 1, only: { method: 'PUT' } });
  faults.set('status_500', { nextN: 1, only: { method: 'GET' } });
  await rig.upsert(work, 'x', { ...wish('X'), location: { description: 'Hall', lat: null, long: null } });
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
  await pull(rig);
  await expectAllWell(rig);
});

const calendarPath = `/calendars/alice/${work}`;

test('reminders that were given up are written, though somebody touched the event in a way that no reader sees', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const { world, faults } = rig.other.server;
  const [name = ''] = world.names(calendarPath);
  faults.set('hangs', { nextN: 1, only: { method: 'PUT' } });
  faults.set('status_503', { nextN: 1, only: { method: 'GET' } });
  await rig.upsert(work, 'x', { reminders: [30] });
  await rig.settle();
  // A person's program notes that it showed an alarm.
  world.edit(calendarPath, name, (body) => body.replace('END:VEVENT', 'X-MOZ-LASTACK:20261120T080000Z\r\nEND:VEVENT'));
  faults.clearAll();
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
  expect(world.body(calendarPath, name)).toContain('TRIGGER:-PT30M');
  await expectAllWell(rig);
});

test('a delete waits for a call that was given up, however many others were since', async () => {
  const rig = await syncedOverCalDav({ events: 0, polling: {} });
  rig.other.server.faults.set('effect_late', { nextN: 24, value: 170 * second, only: { method: 'PUT' } });
  for (let k = 0; k < 24; k += 1) await rig.upsert(work, `x${k}`, wish(`X${k}`));
  await rig.pass(160 * second);
  await rig.remove(work, 'x0');
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('25 delete written');
  expect([...(rig.other.contents().get(work)?.values() ?? [])].filter((body) => body.includes('SUMMARY:X0'))).toEqual(
    [],
  );
});

test('a delete waits for a call of a write that expired', async () => {
  const rig = await syncedOverCalDav({ events: 0, polling: {} });
  const { faults } = rig.other.server;
  faults.set('effect_late', { nextN: 1, value: 100 * second, only: { method: 'PUT' } });
  faults.set('host_down', { always: true, only: { method: 'PROPFIND' } });
  const accepted = await rig.upsert(work, 'x', wish('X'));
  const expiresAtMs = rig.clock.now() + 3 * second;
  await rig.documents.replace('intents', { ...accepted, rev: accepted.rev + 1, expiresAtMs }, accepted.rev);
  await rig.pass(10 * second);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert expired intent_expired']);
  faults.clearAll();
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  expect([...(rig.other.contents().get(work)?.keys() ?? [])]).toEqual([]);
});

test('what may be what a server made of a write is not called refused for certain when its permission ends', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const { faults, world } = rig.other.server;
  faults.set('put_drops_location', { always: true });
  faults.set('dropped_after_effect', { nextN: 1, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', { summary: 'Y', location: { description: 'Hall', lat: null, long: null } });
  await rig.settle();
  await rig.grant(['read_events']);
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert rejected not_permitted']);
  expect((await rig.intents())[1]?.reason?.description).toMatch(/; the outcome of its last attempt is not known$/);
  expect([...(rig.other.contents().get(work)?.values() ?? [])].join()).toContain('SUMMARY:Y');
  expect(world.names(calendarPath)).toHaveLength(1);
});

test.each([
  ['left', false],
  ['left, and a person moved,', true],
])('a delete finds what a write of unknown outcome %s that expired in an outage of weeks', async (_what, moves) => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults, world } = rig.other.server;
  faults.set('put_without_etag', { always: true });
  faults.set('status_500', { always: true, only: { method: 'GET' } });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(second);
  faults.clearAll();
  faults.set('host_down', { always: true });
  await rig.pass(15 * day);
  expect(putsOf(rig)).toEqual(['created']);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert expired intent_expired']);
  await rig.remove(work, 'x');
  if (moves) world.move(calendarPath, world.names(calendarPath)[0] ?? '', calendarPath, 'elsewhere.ics');
  faults.clearAll();
  await rig.pass(day);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  expect(world.names(calendarPath)).toEqual([]);
  await expectAllWell(rig);
});
