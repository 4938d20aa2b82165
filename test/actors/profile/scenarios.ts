/** What happens to a profile, step by step: each scenario is run whole, and then cut at every passage of its gate. */
import { minute, second, type Rig } from './rig.ts';
import { ics, series, wish } from './bodies.ts';
import type { OtherSide } from './worlds.ts';

export interface Scenario {
  readonly name: string;
  /** Before the profile is first looked at. */
  readonly world: (rig: Rig<OtherSide>) => void;
  readonly steps: readonly ((rig: Rig<OtherSide>) => Promise<void>)[];
  /** Two cuts at a distance of at most this many passages are tried as well. */
  readonly pairs?: number;
}

const work = 'work/';

const oneCalendar = (rig: Rig<OtherSide>): void => {
  rig.other.addCalendar('work');
  rig.other.put(work, 'a.ics', ics('a', 'Standing'));
};

const pull = async (rig: Rig<OtherSide>): Promise<void> => {
  await rig.request('pull');
};

export const scenarios: readonly Scenario[] = [
  {
    name: 'a first sync of two calendars with single events, a series and one that cannot be read',
    world: (rig) => {
      oneCalendar(rig);
      rig.other.addCalendar('home');
      rig.other.put('home/', 'b.ics', series('b', 'Weekly', 'FREQ=WEEKLY;COUNT=4'));
      rig.other.put('home/', 'c.ics', 'BEGIN:VCALENDAR\r\nnothing\r\n');
    },
    steps: [pull],
  },
  {
    name: 'people add, change and remove events',
    world: (rig) => {
      oneCalendar(rig);
      rig.other.put(work, 'b.ics', ics('b', 'To be changed'));
      rig.other.put(work, 'c.ics', ics('c', 'To be removed'));
    },
    steps: [
      async () => undefined,
      async (rig) => {
        rig.other.put(work, 'b.ics', ics('b', 'Changed'));
        rig.other.remove(work, 'c.ics');
        rig.other.put(work, 'd.ics', ics('d', 'Added'));
        await pull(rig);
      },
    ],
  },
  {
    name: 'a write, a patch, and a removal, one after another',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => void (await rig.upsert(work, 'x', wish('First'))),
      async (rig) => void (await rig.upsert(work, 'x', { summary: 'Second' })),
      async (rig) => void (await rig.remove(work, 'x')),
      pull,
    ],
  },
  {
    name: 'several patches of one event are accepted before the first is carried out',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => {
        await rig.upsert(work, 'x', wish('First'));
        await rig.upsert(work, 'x', { summary: 'Second' });
        await rig.upsert(work, 'x', { description: 'Third' });
      },
      pull,
    ],
  },
  {
    name: 'a removal and a new life are accepted together over a standing event',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => void (await rig.upsert(work, 'x', wish('First life'))),
      async (rig) => {
        await rig.upsert(work, 'x', { summary: 'Last words' });
        await rig.remove(work, 'x');
        await rig.upsert(work, 'x', wish('Second life'));
        await rig.upsert(work, 'x', { description: 'and more' });
      },
      pull,
    ],
  },
  {
    name: 'a bulk removal with a write behind it',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => {
        await rig.upsert(work, 'x', wish('X'));
        await rig.upsert(work, 'y', wish('Y'));
      },
      async (rig) => {
        await rig.accept({ kind: 'delete_all', calendarIds: null });
        await rig.upsert(work, 'y', wish('Y again'));
      },
      pull,
    ],
  },
  {
    name: 'a person removes a managed event, and the application writes it again',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => void (await rig.upsert(work, 'x', wish('First life'))),
      async (rig) => {
        for (const ref of rig.other.contents().get(work)?.keys() ?? []) {
          if (ref !== 'a.ics') rig.other.remove(work, ref);
        }
        await pull(rig);
      },
      async (rig) => void (await rig.upsert(work, 'x', { summary: 'Second life' })),
      pull,
    ],
  },
  {
    name: 'a calendar is made, written to, and later removed by its owner',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => {
        const calendarId = rig.calendarId('made/');
        await rig.accept({ kind: 'create_calendar', calendarId, ref: 'made/', name: 'made', color: null });
      },
      async (rig) => void (await rig.upsert('made/', 'x', wish('In the new one'))),
      async (rig) => {
        rig.other.removeCalendar('made/');
        await pull(rig);
      },
      pull,
    ],
  },
  {
    name: 'half of a calendar is removed at once',
    world: (rig) => {
      oneCalendar(rig);
      for (let k = 0; k < 14; k += 1) rig.other.put(work, `r${k}.ics`, ics(`r${k}`, `Event ${k}`));
    },
    steps: [
      async () => undefined,
      async (rig) => {
        for (let k = 0; k < 8; k += 1) rig.other.remove(work, `r${k}.ics`);
        await pull(rig);
      },
    ],
  },
];

/** Long enough for every backoff that one or two failures cause. */
export const afterStepMs = 3 * minute;
export const settleMs = 30 * second;
