/** What a run of many seeds must have hit: every fault in every state that it can meet, every state, and a death at every await; and what each seed must have. */
import { calendarMachine } from '../../domain/machines/calendar.ts';
import { resourceMachine } from '../../domain/machines/item.ts';
import { profileMachine } from '../../domain/machines/profile.ts';
import { faultNames } from '../support/caldav-model/faults.ts';
import { awaits, outlives } from './awaits.ts';
import { underBreaker } from './breaker.ts';
import type { Coverage } from './coverage.ts';
import { ends } from './intent-watch.ts';
import { askingStates, seedsToMeet } from './meeting.ts';
import type { Least } from './outcome.ts';

/** All that is ever stored; an item that is `ok` leaves no trace. */
export const machineStates: readonly string[] = [profileMachine, calendarMachine, resourceMachine].flatMap(
  ({ name, states }) => states.map((state) => `${name} ${state}`).filter((state) => state !== 'item ok'),
);

const endsOfWrites = ends.map((end) => `write ${end}`);

/** Deaths so few that chance decides whether what was waited for was done first: from so many seeds on it is demanded. */
const seldomDone: ReadonlyMap<string, number> = new Map([['insert checkpoints', 2_000]]);

/** What was not hit, by name, of what so many seeds are to hit. */
export function missing({ hits }: Coverage, seeds: number): readonly string[] {
  const met = faultNames.flatMap((fault) =>
    askingStates
      .filter((state) => seeds >= (seedsToMeet(fault, state) ?? Infinity))
      .map((state) => `fault ${fault} × ${state}`),
  );
  const stored = [...machineStates, ...endsOfWrites].map((state) => `state ${state}`);
  const asked = [...hits.keys()].filter((key) => key.startsWith('asked ')).map((key) => key.slice('asked '.length));
  const died = [...new Set<string>([...awaits, ...asked])].flatMap((name) =>
    outlives(name) && seeds >= (seldomDone.get(name) ?? 0)
      ? [`crash ${name}`, `crash ${name} done`]
      : [`crash ${name}`],
  );
  const unnamed = asked.filter((name) => !awaits.some((one) => one === name)).map((name) => `${name} in awaits.ts`);
  const held = underBreaker.map((what) => `held ${what}`);
  return [...unnamed, ...[...stored, ...held, ...met, ...died].filter((key) => !hits.has(key))];
}

const leastOfSeed: Least = { steps: 2_000, crashes: 3, nodes: 2, clocksApartMs: 1_000, calendars: 2, sameUid: 2 };

/** What some seed had less of than each must have, by name. */
export const lacking = (least: Least): readonly string[] =>
  Object.entries(leastOfSeed).flatMap(([name, asked]) => {
    const had = least[name as keyof Least];
    return had >= asked ? [] : [`a seed had ${name} ${had}, of ${asked}`];
  });

/** Three tables: states, faults × states, awaits. A dot: the two did not meet, and nobody counts on it. */
export function tablesOf({ hits }: Coverage): string {
  const times = (key: string): string => String(hits.get(key) ?? 0);
  const states = [...machineStates, ...endsOfWrites].map(
    (state) => `${state.padEnd(28)}${times(`state ${state}`).padStart(9)}`,
  );
  const heads = [0, 1].map((word) =>
    ' '.repeat(28).concat(askingStates.map((state) => (state.split(' ')[word] ?? '').padStart(13)).join('')),
  );
  const faults = faultNames.map((fault) => {
    const cells = askingStates.map((state) => {
      const met = times(`fault ${fault} × ${state}`);
      return met === '0' && seedsToMeet(fault, state) === null ? '·' : met;
    });
    return fault.padEnd(28) + cells.map((cell) => cell.padStart(13)).join('');
  });
  const deaths = awaits.map((name) => {
    const done = outlives(name) ? times(`crash ${name} done`) : '·';
    const cells = [times(`asked ${name}`), times(`crash ${name}`), done];
    return name.padEnd(28) + cells.map((cell) => cell.padStart(13)).join('');
  });
  const breaker = underBreaker.map((what) => what.padEnd(41) + times(`held ${what}`).padStart(13));
  const awaitHead = 'await'.padEnd(28) + ['asked', 'deaths', 'done first'].map((one) => one.padStart(13)).join('');
  return [
    ['state', ...states],
    [...heads, ...faults],
    ['while removals are held', ...breaker],
    [awaitHead, ...deaths],
  ]
    .map((table) => table.join('\n'))
    .join('\n\n');
}
