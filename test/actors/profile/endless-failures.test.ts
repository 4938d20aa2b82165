/** Nothing goes round: a call that fails for days, in whatever way, is repeated seldom, keeps nothing else from going on, and all is well once it stops. */
import { expect, test } from 'vitest';
import { KalendsError, verdicts, type ErrorCode } from '../../../domain/errors.ts';
import type { Provider } from '../../../providers/provider.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { day, hour, minute } from './rig.ts';
import { cached, syncedInMemory, work } from './starts.ts';

const methods = [
  'listCalendars',
  'getCalendar',
  'version',
  'list',
  'changes',
  'fetch',
  'get',
  'put',
  'remove',
  'makeCalendar',
  'probe',
] as const;
type Method = (typeof methods)[number];

/** One code of each verdict, and those that are treated by themselves. */
const codes: readonly ErrorCode[] = [
  'timed_out',
  'connect_failed',
  'cut_short',
  'not_multistatus',
  'body_too_large',
  'bad_request',
  'unauthorized',
  'credentials_revoked',
  'forbidden',
  'privilege_missing',
  'not_found',
  'method_unsupported',
  'payment_required',
  'uid_conflict',
  'precondition_failed',
  'locked',
  'rate_limited',
  'sync_token_invalid',
  'server_error',
  'unavailable',
  'quota_exceeded',
  'limit_refused',
  'internal',
];

/** One of each verdict. */
const representative: readonly ErrorCode[] = [
  'timed_out',
  'connect_failed',
  'body_too_large',
  'unauthorized',
  'credentials_revoked',
  'privilege_missing',
  'not_found',
  'method_unsupported',
  'precondition_failed',
  'rate_limited',
  'sync_token_invalid',
  'internal',
];

/** Polls at a pace that leaves what fails to be counted. */
const calm = { baseMs: 15 * minute, activeMs: 10 * minute, quietMs: 30 * minute, listMs: 15 * minute };

interface Trouble {
  readonly methods: readonly Method[];
  readonly code: ErrorCode;
}

/** A calendar that nothing is wrong with. */
const sound = 'sound/';

const names = (args: readonly unknown[], calendar: string): boolean =>
  args.some((one) => one === calendar || (one as { calendar?: unknown } | null)?.calendar === calendar);

/** Makes these methods fail until `healed` is set, but for the sound calendar. */
function spoil(provider: Provider, { methods: spoilt, code }: Trouble) {
  const state = { healed: false, calls: 0 };
  for (const method of methods) {
    const inner = provider[method].bind(provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        state.calls += 1;
        if (!state.healed && spoilt.includes(method) && !names(args, sound))
          throw new KalendsError(code, `${method} is out of order`);
        return inner(...args);
      },
    });
  }
  return state;
}

async function endure(trouble: Trouble): Promise<string> {
  const rig = await syncedInMemory({ events: 8, polling: calm });
  rig.other.addCalendar('other');
  rig.other.put('other/', 'o.ics', ics('o', 'Other'));
  rig.other.addCalendar('sound');
  rig.other.world.pageSize = 3;
  await rig.pass(hour);
  await rig.upsert(work, 'standing', wish('Standing'));
  await rig.pass(minute);
  const state = spoil(rig.other.provider, trouble);
  for (let k = 0; k < 6; k += 1) rig.other.put(work, `n${k}.ics`, ics(`n${k}`, `New ${k}`));
  for (let k = 0; k < 7; k += 1) rig.other.remove(work, `e${k}.ics`);
  rig.other.removeCalendar('other/');
  rig.other.world.forgetTokens(work);
  await rig.upsert(work, 'x', wish('X'));
  await rig.remove(work, 'standing');
  await rig.accept({ kind: 'create_calendar', calendarId: rig.calendarId('n/'), ref: 'n/', name: 'n', color: null });
  const turns = rig.turns();
  await rig.pass(day - 2 * hour);
  rig.other.put(sound, 'theirs.ics', ics('theirs', 'Theirs'));
  const ours = await rig.upsert(sound, 'ours', wish('Ours'));
  await rig.pass(2 * hour);
  const wentOn =
    (await cached(rig, sound)).includes('theirs.ics') &&
    (await rig.documents.get('intents', ours._id))?.state === 'written';
  // A day of ordinary polling is some 250 turns; what fails must not cost more than five times that.
  const [calls, taken] = [state.calls, rig.turns() - turns];
  state.healed = true;
  rig.other.world.forgetTokens(work);
  await rig.request('relinked');
  await rig.pass(13 * hour);
  await rig.request('pull');
  await rig.pass(hour);
  await expectAllWell(rig);
  return calls > 1_250 || taken > 1_250 || (mayGoOn(trouble) && !wentOn)
    ? `${trouble.methods.join()} ${trouble.code}: ${calls} calls, ${taken} turns${wentOn ? '' : '; nothing else went on'}`
    : '';
}

/** Proof that the person must consent again stops everything, and so does a probe in vain: it is the way out. */
const mayGoOn = ({ methods: spoilt, code }: Trouble): boolean =>
  code !== 'credentials_revoked' && !spoilt.includes('probe');

async function endureAll(troubles: readonly Trouble[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const trouble of troubles) {
    try {
      const excess = await endure(trouble);
      if (excess !== '') wrong.push(excess);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      wrong.push(`${trouble.methods.join()} ${trouble.code}: ${text.slice(0, 500)}`);
    }
  }
  return wrong;
}

test.each(methods)('%s fails for a day, in every way', { timeout: 300_000 }, async (method) => {
  expect(await endureAll(representative.map((code) => ({ methods: [method], code })))).toEqual([]);
});

test('everything fails for a day, in every way', { timeout: 300_000 }, async () => {
  expect(await endureAll(codes.map((code) => ({ methods, code })))).toEqual([]);
});

test('everything but the probe fails for a day, in every way', { timeout: 300_000 }, async () => {
  const others = methods.filter((one) => one !== 'probe');
  expect(await endureAll(codes.map((code) => ({ methods: others, code })))).toEqual([]);
});

test('the representatives are one of each verdict that a provider can meet', () => {
  const seen = new Set(representative.map((code) => verdicts[code]));
  expect(new Set(Object.values(verdicts)).difference(seen)).toEqual(new Set(['refused']));
});
