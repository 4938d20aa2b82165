/** A process that dies of what it asked: the next one counts it, and does not die of the same at once. */
import { expect, test } from 'vitest';
import { quarantine } from '../../../config/policies.ts';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, second, type Rig, type RigOptions } from './rig.ts';
import { cached, calendarState, pull, synced, work } from './starts.ts';
import { memorySide, type MemorySide } from './worlds.ts';

/** Asking for `method` kills the process, as an answer does that does not fit into its memory, while `deadly` says so. */
async function mortal(method: string, options: Partial<RigOptions<MemorySide>> = {}) {
  const deaths: number[] = [];
  const fate: { deadly: boolean; rig: Rig<MemorySide> | null } = { deadly: false, rig: null };
  const side: RigOptions<MemorySide>['side'] = (clock) => {
    const plain = memorySide(clock);
    const provider = new Proxy(plain.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== method || typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (!fate.deadly) return value.apply(target, args);
          deaths.push(clock.now());
          fate.rig?.kill();
          return new Promise(() => undefined);
        };
      },
    });
    return { ...plain, provider };
  };
  const rig = await synced<MemorySide>({ events: 3, side, ...options });
  fate.rig = rig;
  return { rig, deaths, fate };
}

test('a listing that kills the process is tried ever more rarely, and its calendar set aside until it is well', async () => {
  const { rig, deaths, fate } = await mortal('list');
  await rig.request('resync');
  fate.deadly = true;
  await rig.settle();
  expect(deaths).toHaveLength(1);
  await rig.pass(10 * minute);
  expect(await calendarState(rig)).toBe('quarantined');
  const soFar = deaths.length;
  expect(soFar).toBeLessThan(10);
  await rig.pass(day);
  expect(deaths.length - soFar).toBeLessThan(12);
  expect((await rig.profile()).state.name).toBe('live');

  fate.deadly = false;
  await rig.pass(8 * hour);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test('a calendar list that kills the process keeps no calendar from being read', async () => {
  const { rig, deaths, fate } = await mortal('listCalendars', { polling: {} });
  fate.deadly = true;
  await pull(rig, day);
  expect(deaths.length).toBeGreaterThan(1);
  expect(deaths.length).toBeLessThan(12);
  const { state, freshAtMs } = await rig.profile();
  expect(state.name).toBe('live');
  expect(rig.clock.now() - (freshAtMs ?? 0)).toBeLessThan(hour);

  fate.deadly = false;
  await rig.pass(8 * hour);
  expect((await rig.profile()).listDeaths).toBe(0);
});

test('where no calendar is known yet, the profile is set aside', async () => {
  const { rig, deaths, fate } = await mortal('listCalendars');
  const one = await rig.profile();
  const anew = { calendars: {}, state: { name: 'connecting' }, nextListAtMs: 0, nextWakeAtMs: 0 } as const;
  await rig.documents.replace('profiles', { ...one, ...anew, rev: one.rev + 1 }, one.rev);
  fate.deadly = true;
  await rig.pass(day);
  expect((await rig.profile()).state.name).toBe('quarantined');
  expect(deaths.length).toBeLessThan(20);

  fate.deadly = false;
  await rig.pass(8 * hour);
  expect((await rig.profile()).state.name).toBe('live');
});

test('a question about one write that kills the process waits, and other writes go on', async () => {
  const { rig, deaths, fate } = await mortal('get');
  rig.other.world.failNextAfterEffect('put', () => new KalendsError('timed_out', 'no answer'));
  fate.deadly = true;
  await rig.upsert(work, 'first', wish('First'));
  await rig.settle();
  await rig.upsert(work, 'second', wish('Second'));
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toContain('2 upsert written');
  expect(deaths.length).toBeGreaterThan(1);
  expect(deaths.length).toBeLessThan(12);

  fate.deadly = false;
  await rig.pass(8 * hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
});

test('a process that is killed in the middle of a pull costs that calendar a few seconds', async () => {
  const { rig, deaths, fate } = await mortal('changes');
  fate.deadly = true;
  await pull(rig, 0);
  expect(deaths).toHaveLength(1);
  fate.deadly = false;
  await rig.pass(4 * second);
  const { begun, freshAtMs } = await rig.profile();
  expect(begun).toBeNull();
  expect(freshAtMs).toBeGreaterThan(deaths[0] ?? Number.MAX_SAFE_INTEGER);
  await expectAllWell(rig);
});

/** Every rebuild of the projections ends by `how`, until it is healed. */
async function poorRebuilds(how: (rig: Rig<MemorySide>) => Promise<never>) {
  const { rig } = await mortal('none', { polling: {} });
  const find = rig.documents.find.bind(rig.documents) as (...args: readonly unknown[]) => Promise<unknown>;
  const begun: number[] = [];
  Object.assign(rig.documents, {
    find: (...args: readonly unknown[]): Promise<unknown> => {
      const { seq } = args[1] as { readonly seq?: object };
      // Only a rebuild reads the log up to where it ended.
      if (args[0] !== 'commitsOfProfile' || seq === undefined || !('lte' in seq)) return find(...args);
      begun.push(rig.clock.now());
      return how(rig);
    },
  });
  return { rig, begun, heal: () => void Object.assign(rig.documents, { find }) };
}

test.each<{ name: string; how: (rig: Rig<MemorySide>) => Promise<never> }>([
  {
    name: 'kills the process',
    how: (rig) => {
      rig.kill();
      return new Promise(() => undefined);
    },
  },
  { name: 'fails', how: () => Promise.reject(new RangeError('too large')) },
])('a rebuild that always $name is given up after a few tries, and everything else goes on', async ({ how }) => {
  const { rig, begun, heal } = await poorRebuilds(how);
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await rig.upsert(work, 'x', wish('X'));
  await rig.request({ kind: 'rebuild' });
  await rig.request('pull');
  await rig.pass(hour);
  expect(begun).toHaveLength(quarantine.requestTriesMax);
  expect(rig.reports.map((one) => one.what)).toContain('a request was given up');
  expect((await rig.profile()).requests).toEqual([]);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(await cached(rig)).toContain('new.ics');
  heal();
  await expectAllWell(rig);
});

test('what a person said is never given up, however often the process died over it', async () => {
  const { rig } = await mortal('none');
  const profile = await rig.profile();
  const tried = { ...profile, rev: profile.rev + 1, requests: ['disconnect' as const], requestTries: 99 };
  await rig.documents.replace('profiles', tried, profile.rev);
  await rig.pass(hour);
  expect(await rig.profile()).toMatchObject({ state: { name: 'disconnected' }, requests: [], requestTries: 0 });
});

test('a turn that an error of this process ended is not counted as a death', async () => {
  const { rig } = await mortal('none');
  rig.other.world.failNext('changes', () => new KalendsError('store_unavailable', 'the disk is away'));
  await pull(rig);
  expect(rig.ended).toHaveLength(1);
  expect(rig.reports.map((one) => one.what)).not.toContain('a process died while it asked');
  await expectAllWell(rig);
});
