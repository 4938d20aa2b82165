/** What happens to a profile, step by step: each scenario is run whole, and then cut at every passage of its gate. */
import { day, type Rig } from './rig.ts';
import { ics, series, wish } from './bodies.ts';
import type { OtherSide } from './worlds.ts';

export interface Scenario {
  readonly name: string;
  /** Before the profile is first looked at. */
  readonly world: (rig: Rig<OtherSide>) => void;
  readonly steps: readonly ((rig: Rig<OtherSide>) => Promise<void>)[];
  /** Calendars change their zones, which only the world in memory can do. */
  readonly zones?: true;
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
        if (rig.other.contents().has('made/')) rig.other.removeCalendar('made/');
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
  {
    name: 'days pass over series while events come and go',
    world: (rig) => {
      oneCalendar(rig);
      rig.other.put(work, 'daily.ics', series('daily', 'Daily', 'FREQ=DAILY', '20261001T080000Z'));
      rig.other.put(work, 'weekly.ics', series('weekly', 'Weekly', 'FREQ=WEEKLY;COUNT=9', '20261001T080000'));
    },
    steps: [
      async () => undefined,
      async (rig) => rig.clock.advance(day),
      async (rig) => {
        await rig.clock.advance(2 * day);
        rig.other.remove(work, 'weekly.ics');
        rig.other.put(work, 'new.ics', ics('new', 'New'));
        await pull(rig);
      },
      async (rig) => rig.clock.advance(60 * day),
    ],
  },
  {
    name: 'a calendar moves to another zone, and back, with floating events in it',
    zones: true,
    world: (rig) => {
      oneCalendar(rig);
      for (let k = 0; k < 3; k += 1)
        rig.other.put(work, `f${k}.ics`, ics(`f${k}`, `Floating ${k}`, [], '20261125T090000'));
      rig.other.put(work, 'daily.ics', series('daily', 'Daily', 'FREQ=DAILY;COUNT=5', '20261120T080000'));
    },
    steps: [
      async () => undefined,
      async (rig) => {
        rig.other.setTimeZone?.(work, 'America/New_York');
        await pull(rig);
      },
      async (rig) => {
        rig.other.setTimeZone?.(work, 'Asia/Tokyo');
        rig.other.put(work, 'f1.ics', ics('f1', 'Changed as well', [], '20261125T100000'));
        await pull(rig);
      },
    ],
  },
  {
    name: 'a person disconnects, writes wait, and the person connects again',
    world: oneCalendar,
    steps: [
      async () => undefined,
      async (rig) => rig.request('disconnect'),
      async (rig) => {
        await rig.upsert(work, 'x', wish('Waits'));
        rig.other.put(work, 'b.ics', ics('b', 'Meanwhile'));
      },
      async (rig) => {
        await rig.request('relinked');
        await rig.request('resync');
      },
    ],
  },
];
