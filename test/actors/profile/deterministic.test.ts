/** The same answer to the same request is not asked for again and again: refusals end writes, and set aside what is read. */
import { expect, test } from 'vitest';
import { KalendsError, verdicts, type ErrorCode } from '../../../domain/errors.ts';
import type { Provider } from '../../../providers/provider.ts';
import { ics, wish } from './bodies.ts';
import { day, hour, minute } from './rig.ts';
import { cached, calendarState, checkpointOf, pull, syncedInMemory, work } from './starts.ts';

const always = (code: ErrorCode) => () =>
  new KalendsError(code, `${code}, as always`, { evidence: { request: 'PUT', status: 499, excerpt: 'no' } });

/** Every verdict that says that this request cannot succeed as it is; a full mailbox, an answer too large, and a calendar that is nowhere, may pass. */
const refusals = (Object.keys(verdicts) as ErrorCode[]).filter(
  (code, index, all) =>
    index < all.indexOf('resource_unparsable') &&
    (['item_permanent', 'calendar_permanent'].includes(verdicts[code]) || code === 'method_unsupported') &&
    code !== 'quota_exceeded' &&
    code !== 'parent_missing' &&
    code !== 'body_too_large',
);

test.each(refusals)('a write that is answered with %s is rejected with that reason, and not repeated', async (code) => {
  const rig = await syncedInMemory();
  rig.other.world.failNext('put', always(code), 1_000);
  const refused = await rig.upsert(work, 'refused', wish('Refused'));
  const other = await rig.upsert(work, 'other', wish('Other'));
  await rig.pass(2 * day);
  expect(rig.other.world.count('put')).toBe(2);
  const byId = new Map((await rig.intents()).map((one) => [one._id, one]));
  for (const { _id } of [refused, other])
    expect(byId.get(_id)).toMatchObject({ state: 'rejected', open: 0, attempts: 1, reason: { code } });
  expect((await rig.profile()).state.name).toBe('live');
});

test.each(refusals)(
  'a removal that is answered with %s is rejected with that reason, and not repeated',
  async (code) => {
    const rig = await syncedInMemory();
    await rig.upsert(work, 'standing', wish('Standing'));
    await rig.pass(minute);
    rig.other.world.failNext('remove', always(code), 1_000);
    const refused = await rig.remove(work, 'standing');
    await rig.pass(2 * day);
    expect(rig.other.world.count('remove')).toBe(1);
    expect(await rig.documents.get('intents', refused._id)).toMatchObject({ state: 'rejected', reason: { code } });
  },
);

test('a write that nobody knows why it fails is tried as rarely as a probe before long, while others are carried out', async () => {
  const rig = await syncedInMemory();
  const put = rig.other.provider.put.bind(rig.other.provider);
  let [healed, tries] = [false, 0];
  Object.assign(rig.other.provider, {
    put: async (...args: Parameters<Provider['put']>) => {
      if (healed || !args[1].body.includes('Poison')) return put(...args);
      tries += 1;
      throw always('server_error')();
    },
  });
  const poor = await rig.upsert(work, 'poor', wish('Poison'));
  const well = await rig.upsert(work, 'well', wish('Well'));
  await rig.pass(minute);
  expect((await rig.documents.get('intents', well._id))?.state).toBe('written');
  await rig.pass(2 * day);
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(30);
  expect((await rig.profile()).state.name).toBe('live');
  healed = true;
  await rig.pass(6 * hour);
  expect((await rig.documents.get('intents', poor._id))?.state).toBe('written');
});

/** Whatever names this resource fails; answers how often it was asked for. */
function poison(provider: Provider, ref: string, code: ErrorCode): { asked: number } {
  const count = { asked: 0 };
  const [fetch, get] = [provider.fetch.bind(provider), provider.get.bind(provider)];
  const refuse = (refs: readonly string[]): void => {
    if (!refs.includes(ref)) return;
    count.asked += 1;
    throw always(code)();
  };
  Object.assign(provider, {
    fetch: async (...args: Parameters<Provider['fetch']>) => {
      refuse(args[2]);
      return fetch(...args);
    },
    get: async (...args: Parameters<Provider['get']>) => {
      refuse([args[2]]);
      return get(...args);
    },
  });
  return count;
}

const often = { baseMs: minute, activeMs: minute, quietMs: minute };

test.each(['bad_request', 'content_refused', 'body_too_large', 'server_error'] as const)(
  'a resource that is always answered with %s is set aside, and asked for again at its probes or when its etag changes',
  async (code) => {
    const rig = await syncedInMemory({ events: 3, polling: often });
    const count = poison(rig.other.provider, 'bad.ics', code);
    rig.other.put(work, 'bad.ics', ics('bad', 'Bad'));
    rig.other.put(work, 'good.ics', ics('good', 'Good'));
    await pull(rig, hour / 2);
    expect(await cached(rig)).toEqual(['e0.ics', 'e1.ics', 'e2.ics', 'good.ics']);
    expect(await calendarState(rig)).toBe('live');
    expect(count.asked).toBeLessThan(10);
    count.asked = 0;
    await rig.pass(day);
    // After 5, 10, 20 … minutes up to 6 hours, while the calendar is polled every minute.
    expect(count.asked).toBeGreaterThan(2);
    expect(count.asked).toBeLessThan(12);
    count.asked = 0;
    rig.other.put(work, 'bad.ics', ics('bad', 'Bad, changed'));
    await rig.pass(5 * minute);
    expect(count.asked).toBeGreaterThan(0);
    expect((await checkpointOf(rig)).owed.map((one) => one.ref)).toEqual(['bad.ics']);
  },
);

test('a calendar whose listing is always refused is probed, not polled', async () => {
  const rig = await syncedInMemory({ polling: often });
  rig.other.world.failNext('changes', always('bad_request'), 100_000);
  rig.other.world.failNext('list', always('bad_request'), 100_000);
  rig.other.world.failNext('version', always('bad_request'), 100_000);
  await pull(rig, hour);
  const calls = rig.other.world.calls.length;
  await rig.pass(day);
  const asked = rig.other.world.calls.slice(calls).filter((one) => one.calendar === work).length;
  expect(await calendarState(rig)).toBe('quarantined');
  expect(asked).toBeLessThan(16);
});

test.each(['not_a_calendar_server', 'payment_required', 'too_many_redirects'] as const)(
  'an account that is always answered with %s is probed, not polled',
  async (code) => {
    const rig = await syncedInMemory({ polling: often });
    for (const method of ['changes', 'list', 'version', 'listCalendars', 'probe'] as const)
      rig.other.world.failNext(method, always(code), 100_000);
    await pull(rig, hour);
    expect((await rig.profile()).state).toMatchObject({ name: 'quarantined', code });
    const calls = rig.other.world.calls.length;
    await rig.pass(day);
    expect(rig.other.world.calls.length - calls).toBeLessThan(12);
  },
);
