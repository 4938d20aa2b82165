/** Writes whose answers are lost, late or misleading: carried out once, told truly, and in nobody else's way. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { PutRequest, Session } from '../../../providers/provider.ts';
import { wish } from './bodies.ts';
import { cacheOf, outcomesOf, worldOf } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import { cached, logOf, pull, seqOf, summaries, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { OtherSide } from './worlds.ts';

const timedOut = () => new KalendsError('timed_out', 'no answer');
const own = (rig: Rig<OtherSide>): [string, string] =>
  [...(rig.other.contents().get(work) ?? [])].find(([ref]) => ref.startsWith('kalends-')) ?? ['', ''];
const outcomes = async (rig: Rig<OtherSide>) => outcomesOf(await rig.intents());

test('a process that dies between what was sent and what the server made of it leaves no stale cache', async () => {
  const located = wish('Rewritten', { location: { description: 'Here', lat: null, long: null } });
  const start = async () => {
    const rig = await syncedOverCalDav();
    rig.other.server.faults.set('put_drops_location', { always: true });
    return rig;
  };
  const whole = await start();
  const begin = whole.plan.passages.length;
  await whole.upsert(work, 'x', located);
  await whole.pass(minute);
  const wrong: string[] = [];
  for (const [index, name] of whole.plan.passages.slice(begin).entries()) {
    const rig = await start();
    rig.plan.cuts = [{ at: begin + index + 1, how: 'crash' }];
    await rig.upsert(work, 'x', located);
    await rig.pass(8 * day);
    await rig.request('resync');
    await rig.pass(hour);
    if (JSON.stringify(await cacheOf(rig)) !== JSON.stringify(worldOf(rig))) wrong.push(`${index} ${name}`);
  }
  expect(wrong).toEqual([]);
});

test.each(['create', 'update'])('a %s that the log shows as carried out is not carried out again', async (kind) => {
  const rig = await syncedInMemory();
  if (kind === 'update') {
    await rig.upsert(work, 'x', wish('First'));
    await rig.pass(minute);
  }
  rig.other.world.failNextAfterEffect('put', timedOut);
  const [before, puts] = [await seqOf(rig), rig.other.world.count('put')];
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.request('pull');
  await rig.settle();
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics']);
  const [ref, body] = own(rig);
  rig.other.put(work, ref, body.replace('SUMMARY:Ours', 'SUMMARY:Theirs'));
  await rig.pass(10 * minute);
  expect({ puts: rig.other.world.count('put') - puts, summaries: await summaries(rig) }).toEqual({
    puts: 1,
    summaries: ['Event 0', 'Theirs'],
  });
});

test('a create whose answer was lost is not made again over what a person changed in it', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.settle();
  const [ref, body] = own(rig);
  rig.other.put(work, ref, body.replace('SUMMARY:Ours', 'SUMMARY:Theirs'));
  await rig.pass(10 * minute);
  expect(rig.other.world.count('put')).toBe(1);
  expect(await summaries(rig)).toEqual(['Event 0', 'Theirs']);
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics', 'write managed x g1', 'pull put own-g1.ics']);
});

test('an intent that was carried out together with a later one does not expire beside it', async () => {
  const rig = await syncedInMemory();
  await rig.request('disconnect');
  await rig.settle();
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(day);
  await rig.upsert(work, 'x', { description: 'with it' });
  await rig.pass(6 * day - hour / 2);
  rig.other.world.failNextAfterEffect('put', timedOut);
  const inner = rig.other.provider.get.bind(rig.other.provider);
  const healAtMs = rig.clock.now() + 2 * hour;
  Object.assign(rig.other.provider, {
    get: async (...args: Parameters<typeof inner>) => {
      if (rig.clock.now() < healAtMs) throw timedOut();
      return inner(...args);
    },
  });
  await rig.request('relinked');
  await rig.pass(day / 2);
  expect(await outcomes(rig)).toEqual(['1 upsert merged', '2 upsert written']);
});

test('a bulk removal in one calendar is not held up by a write to another, which is quarantined', async () => {
  const rig = await syncedInMemory({ events: 1 });
  for (const name of ['sick', 'well']) rig.other.addCalendar(name);
  await pull(rig);
  await rig.upsert('well/', 'y', wish('Y'));
  await rig.pass(minute);
  const { provider } = rig.other;
  for (const method of ['put', 'changes', 'version', 'list', 'get'] as const) {
    const was = provider[method].bind(provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        const asked = args[1] as string | { calendar: string };
        if ((typeof asked === 'string' ? asked : asked.calendar) === 'sick/')
          throw new KalendsError('server_error', 'sick');
        return was(...args);
      },
    });
  }
  await pull(rig);
  await rig.upsert('sick/', 'x', wish('X'));
  await rig.accept({ kind: 'delete_all', calendarIds: [rig.calendarId('well/')] });
  await rig.upsert(work, 'z', wish('Z'));
  await rig.pass(day);
  expect((await outcomes(rig)).slice(2)).toEqual(['3 delete_all written', '4 upsert written']);
});

test.each([0, 4])(
  'a create of unknown outcome at a server that chooses its own names is made once, though %i pulls fail first',
  async (failing) => {
    const rig = await syncedInMemory();
    const { provider, world } = rig.other;
    const inner = provider.put.bind(provider);
    let puts = 0;
    Object.assign(provider, {
      put: async (session: Session, request: PutRequest) => {
        puts += 1;
        const isNew = request.precondition.kind === 'create';
        const stored = await inner(session, isNew ? { ...request, ref: `server-${puts}.ics` } : request);
        if (puts === 1) throw timedOut();
        return stored;
      },
    });
    world.failNext('changes', () => new KalendsError('unavailable', 'busy'), failing);
    await rig.upsert(work, 'x', wish('Once'));
    await rig.pass(hour);
    expect([...world.contents(work).keys()]).toEqual(['e0.ics', 'server-1.ics']);
    expect(await outcomes(rig)).toEqual(['1 upsert written']);
  },
);

test('a write that landed is not taken for one without effect because the reading after it was refused', async () => {
  const rig = await syncedOverCalDav();
  rig.other.server.faults.set('put_without_etag', { always: true });
  rig.other.server.faults.set('unauthorized_anyway', { nextN: 2, only: { method: 'GET' } });
  const before = await seqOf(rig);
  await rig.upsert(work, 'x', wish('Landed'));
  await rig.request('pull');
  await rig.pass(10 * minute);
  expect(await logOf(rig, before)).toEqual(['write put own-g1.ics', 'write managed x g1']);
});

test('a removal finds an event that a person moved to another name', async () => {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'x', wish('Moved'));
  await rig.pass(minute);
  rig.other.server.world.move(`/calendars/alice/${work}`, own(rig)[0], `/calendars/alice/${work}`, 'moved.ics');
  await rig.remove(work, 'x');
  await rig.pass(hour);
  await pull(rig);
  expect({ outcome: (await outcomes(rig))[1], summaries: await summaries(rig) }).toEqual({
    outcome: '2 delete written',
    summaries: ['Event 0'],
  });
});

test('what was refused with 412 is not logged as written', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('First'));
  await rig.pass(minute);
  const [ref, body] = own(rig);
  rig.other.put(work, ref, body.replace('SUMMARY:First', 'SUMMARY:Second\r\nLOCATION:Theirs'));
  const seq = await seqOf(rig);
  await rig.upsert(work, 'x', { summary: 'Second' });
  await rig.pass(minute);
  // The second call really was made, and changed nothing.
  const calls = ['write put own-g1.ics (seen)', 'write managed x g1'];
  expect(await logOf(rig, seq)).toEqual(['pull put own-g1.ics', ...calls]);
});

test('forty waiting intents do not tear the intents of one event apart', async () => {
  const rig = await syncedInMemory({ events: 1 });
  rig.other.addCalendar('sick');
  await pull(rig);
  const { provider } = rig.other;
  let puts = 0;
  const healAtMs = rig.clock.now() + 7 * day + 30 * minute;
  for (const method of ['put', 'changes', 'version', 'list', 'get'] as const) {
    const was = provider[method].bind(provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        const asked = args[1] as string | { calendar: string };
        if ((typeof asked === 'string' ? asked : asked.calendar) === 'sick/')
          throw new KalendsError('server_error', 'sick');
        if (method === 'put') puts += 1;
        if (method === 'get' && puts < 2 && rig.clock.now() < healAtMs) throw timedOut();
        return was(...args);
      },
    });
  }
  await pull(rig);
  await rig.upsert('sick/', 's1', wish('Expires first'));
  await rig.pass(hour);
  for (let k = 2; k <= 40; k += 1) await rig.upsert('sick/', `s${k}`, wish('S'));
  await rig.pass(7 * day - 65 * minute);
  rig.other.world.failNextAfterEffect('put', timedOut);
  await rig.upsert(work, 'x', wish('A'));
  await rig.upsert(work, 'x', { summary: 'B' });
  await rig.pass(10 * minute);
  await rig.pass(hour);
  expect((await outcomes(rig)).slice(40)).toEqual(['41 upsert merged', '42 upsert written']);
  expect(await summaries(rig)).toEqual(['Event 0', 'B']);
  expect(own(rig)[1]).toContain('SUMMARY:B');
});

test('a create of unknown outcome is not taken for landed because one that expired before it did land', async () => {
  const rig = await syncedInMemory({ events: 1 });
  rig.other.world.failNextAfterEffect('put', timedOut);
  await rig.upsert(work, 'x', wish('First'));
  const { provider } = rig.other;
  let down = false;
  const untilMs = rig.clock.now() + 8 * day;
  for (const method of ['probe', 'put', 'changes', 'version', 'list', 'listCalendars', 'get', 'fetch'] as const) {
    const was = provider[method].bind(provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        if (down) throw new KalendsError('connect_failed', 'down');
        try {
          return await was(...args);
        } finally {
          if (method === 'put') down = rig.clock.now() < untilMs;
        }
      },
    });
  }
  await rig.pass(8 * day);
  expect(await outcomes(rig)).toEqual(['1 upsert expired intent_expired']);
  down = false;
  // This one has no effect.
  rig.other.world.failNext('put', timedOut);
  await rig.upsert(work, 'x', wish('Second'));
  await rig.request('reinstate');
  await rig.pass(day);
  expect((await outcomes(rig))[1]).toBe('2 upsert written');
  expect(await summaries(rig)).toEqual(['Event 0', 'Second']);
});

test('a change of reminders alone whose call had no effect is made again', async () => {
  const rig = await syncedInMemory({ events: 1 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  rig.other.world.failNext('put', timedOut);
  await rig.upsert(work, 'x', { reminders: [10] });
  await rig.pass(hour);
  expect((await outcomes(rig))[1]).toBe('2 upsert written');
  expect(own(rig)[1]).toContain('VALARM');
});

test('a removal waits for the pull that shows where the event went', async () => {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'x', wish('Moved'));
  await rig.pass(minute);
  rig.other.server.world.move(`/calendars/alice/${work}`, own(rig)[0], `/calendars/alice/${work}`, 'moved.ics');
  const only = { matches: ({ body }: { readonly body: string }) => body.includes('sync-collection') };
  rig.other.server.faults.set('status_503', { nextN: 4, only });
  await rig.remove(work, 'x');
  await rig.pass(hour);
  await pull(rig);
  expect((await outcomes(rig))[1]).toBe('2 delete written');
  expect(await summaries(rig)).toEqual(['Event 0']);
});

test.each(['a person', 'a removal that was answered with 404'])(
  'the name of a life that the log has no write of is not used again after %s ended it',
  async (by) => {
    const rig = await syncedOverCalDav({ events: 0 });
    const { faults, world } = rig.other.server;
    faults.set('status_502_after_effect', { nextN: 1, only: { method: 'PUT' } });
    await rig.upsert(work, 'x', wish('First life'));
    await rig.settle();
    faults.set('host_down', { always: true });
    await rig.pass(8 * day);
    faults.clearAll();
    await rig.request('reinstate');
    await pull(rig, hour);
    expect(await outcomes(rig)).toEqual(['1 upsert expired intent_expired']);
    expect(await cached(rig)).toEqual(['own-g1.ics']);
    faults.set('delete_404', { nextN: 1 });
    if (by === 'a person') world.remove(`/calendars/alice/${work}`, own(rig)[0]);
    else await rig.remove(work, 'x');
    await pull(rig, hour);
    await rig.upsert(work, 'x', wish('Second life'));
    await rig.pass(hour);
    expect((await outcomes(rig)).at(-1)).toMatch('upsert written');
    expect(await cached(rig)).toEqual(['own-g2.ics']);
  },
);
