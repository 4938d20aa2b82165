/** What operators and people ask of a profile, in every state that it may be in. */
import { expect, test } from 'vitest';
import { KalendsError, type ErrorCode } from '../../../domain/errors.ts';
import type { PlainRequest } from '../../../domain/profile.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, expectRebuildable, expectWholeLog, outcomesOf } from './invariants.ts';
import { day, hour, minute, profileId, type Rig } from './rig.ts';
import { calendarState, checkpointOf, logOf, pull, seqOf, summaries, syncedInMemory, work } from './starts.ts';
import type { MemorySide } from './worlds.ts';

const failing = (code: ErrorCode) => () => new KalendsError(code, 'out of order');

/** Fails every call until told otherwise. */
function outage(rig: Rig<MemorySide>, code: ErrorCode): { end: () => void } {
  const { provider } = rig.other;
  const state = { on: true };
  for (const method of [
    'listCalendars',
    'version',
    'list',
    'changes',
    'fetch',
    'get',
    'put',
    'remove',
    'probe',
  ] as const) {
    const inner = provider[method].bind(provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        if (state.on) throw failing(code)();
        return inner(...args);
      },
    });
  }
  return { end: () => void (state.on = false) };
}

const states = {
  live: null,
  backing_off: 'connect_failed',
  quarantined: 'server_error',
  relink_required: 'credentials_revoked',
} as const satisfies Record<string, ErrorCode | null>;
type StateName = keyof typeof states | 'disconnected';

async function profileIn(state: StateName) {
  const rig = await syncedInMemory({ events: 3 });
  const code = state === 'disconnected' ? null : states[state];
  const trouble = code === null ? null : outage(rig, code);
  if (state === 'disconnected') await rig.request('disconnect');
  await rig.request('pull');
  await rig.settle();
  expect((await rig.profile()).state.name).toBe(state);
  return { rig, trouble };
}

const after: Record<PlainRequest, Record<StateName, string>> = {
  pull: {
    live: 'live',
    backing_off: 'backing_off',
    quarantined: 'quarantined',
    relink_required: 'relink_required',
    disconnected: 'disconnected',
  },
  resync: {
    live: 'live',
    backing_off: 'backing_off',
    quarantined: 'quarantined',
    relink_required: 'relink_required',
    disconnected: 'disconnected',
  },
  reinstate: {
    live: 'live',
    backing_off: 'live',
    quarantined: 'live',
    relink_required: 'live',
    disconnected: 'disconnected',
  },
  relinked: {
    live: 'live',
    backing_off: 'live',
    quarantined: 'live',
    relink_required: 'live',
    disconnected: 'live',
  },
  disconnect: {
    live: 'disconnected',
    backing_off: 'disconnected',
    quarantined: 'disconnected',
    relink_required: 'disconnected',
    disconnected: 'disconnected',
  },
};

const rows = (Object.keys(after) as PlainRequest[]).flatMap((request) =>
  (Object.keys(after[request]) as StateName[]).map((state) => ({ request, state, to: after[request][state] })),
);

test.each(rows)('$request of a profile that is $state: $to', async ({ request, state, to }) => {
  const { rig, trouble } = await profileIn(state);
  trouble?.end();
  await rig.request(request);
  await rig.settle();
  expect((await rig.profile()).requests).toEqual([]);
  expect((await rig.profile()).state.name).toBe(to);
  if (to === 'live') {
    rig.other.put(work, 'new.ics', ics('new', 'New'));
    await pull(rig);
    expect(await summaries(rig)).toContain('New');
    await expectAllWell(rig);
  }
  await expectWholeLog(rig);
  await expectRebuildable(rig);
});

test('a resync forgets tokens, compares everything, and tells only of what differs', async () => {
  const rig = await syncedInMemory({ events: 5 });
  const { token } = await checkpointOf(rig);
  rig.other.put(work, 'e1.ics', ics('e1', 'Changed'));
  const [seq, lists] = [await seqOf(rig), rig.other.world.count('list')];
  await rig.request('resync');
  await rig.pass(minute);
  expect(rig.other.world.count('list')).toBe(lists + 1);
  expect(await logOf(rig, seq)).toEqual(['pull put e1.ics']);
  expect((await checkpointOf(rig)).token).not.toBe(token);
  await expectAllWell(rig);
});

test('reinstating a profile reinstates its calendars too', async () => {
  const rig = await syncedInMemory({ events: 3 });
  rig.other.world.failNext('changes', failing('server_error'), 1);
  await pull(rig, 1);
  expect(await calendarState(rig)).toBe('quarantined');
  await rig.request('reinstate');
  await rig.settle();
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test('a rebuild asks no provider, so that no state of the profile is in its way', async () => {
  for (const state of [...Object.keys(states), 'disconnected'] as StateName[]) {
    const { rig } = await profileIn(state);
    const [event] = await rig.documents.find('eventsOfProfile', { profileId }, { limit: 1 });
    if (event === undefined) throw new Error('nothing is projected');
    await rig.documents.upsertMany('events', [
      { ...event, summary: 'Tampered with' },
      { ...event, _id: 'unheard of' },
    ]);
    await rig.request({ kind: 'rebuild' });
    await rig.settle();
    const { requests, state: left } = await rig.profile();
    expect({ requests, state: left.name }).toEqual({ requests: [], state });
    await expectRebuildable(rig);
    await rig.close();
  }
});

test('several requests are carried out in their order', async () => {
  const rig = await syncedInMemory({ events: 3 });
  for (const request of ['disconnect', 'relinked', 'resync'] as const) await rig.request(request);
  await rig.pass(minute);
  expect((await rig.profile()).state.name).toBe('live');
  expect((await rig.profile()).requests).toEqual([]);
  await expectAllWell(rig);
});

test('writes that wait in a disconnected profile expire with a reason, or are carried out when it is connected again', async () => {
  for (const again of [true, false]) {
    const rig = await syncedInMemory();
    await rig.request('disconnect');
    await rig.settle();
    await rig.upsert(work, 'x', wish('Waits'));
    await rig.pass(2 * day);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert queued']);
    if (again) await rig.request('relinked');
    await rig.pass(6 * day);
    expect(outcomesOf(await rig.intents())).toEqual([again ? '1 upsert written' : '1 upsert expired intent_expired']);
    if (!again) expect((await rig.intents())[0]?.reason?.description).toContain('the profile is disconnected');
    await rig.close();
  }
});

test('an outage costs nothing but time: writes and credentials wait, and all is carried out at the end', async () => {
  const rig = await syncedInMemory({ events: 3 });
  const trouble = outage(rig, 'connect_failed');
  for (let k = 0; k < 5; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.request('pull');
  await rig.pass(3 * hour);
  expect((await rig.profile()).state.name).toBe('quarantined');
  expect(outcomesOf(await rig.intents()).every((one) => / (?:queued|attempting)$/.test(one))).toBe(true);
  trouble.end();
  await rig.pass(6 * hour);
  expect((await rig.profile()).state.name).toBe('live');
  expect(outcomesOf(await rig.intents()).every((one) => one.endsWith('written'))).toBe(true);
  await expectAllWell(rig);
});

test('one refusal of credentials is no proof; several over half an hour are, and consent brings everything back', async () => {
  const rig = await syncedInMemory({ events: 3 });
  const trouble = outage(rig, 'unauthorized');
  await rig.request('pull');
  await rig.pass(minute);
  expect((await rig.profile()).state.name).toBe('backing_off');
  await rig.upsert(work, 'x', wish('Kept'));
  await rig.pass(3 * hour);
  expect((await rig.profile()).state.name).toBe('relink_required');
  expect((await logOf(rig)).at(-1)).toBe('state notice disconnected');
  trouble.end();
  await rig.request('relinked');
  await rig.pass(minute);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(await logOf(rig)).toContain('state notice relinked');
  await expectAllWell(rig);
});

test('a quarantine that lasts is told, and so is its end; a short one is nobody’s business', async () => {
  const rig = await syncedInMemory({ events: 1 });
  const short = outage(rig, 'server_error');
  await rig.request('pull');
  await rig.pass(minute);
  short.end();
  await rig.pass(hour);
  expect((await logOf(rig)).filter((line) => line.includes('notice'))).toEqual(['state notice initial_sync_completed']);
  const long = outage(rig, 'server_error');
  await rig.request('pull');
  await rig.pass(2 * hour);
  long.end();
  await rig.pass(7 * hour);
  expect((await logOf(rig)).filter((line) => line.includes('notice')).slice(1)).toEqual([
    'state notice quarantined',
    'state notice reinstated',
  ]);
});
