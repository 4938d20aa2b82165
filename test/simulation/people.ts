/** The people of the simulation: they edit two shared calendars behind everybody's back, and every real removal is noted. */
import { icsOf } from '../support/icalendar.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';

export const user = 'alice';
export const home = `/calendars/${user}/`;
/** Refs of the calendars; both hold resources of the same UIDs. */
export const calendarRefs = ['work/', 'home/'] as const;

/** Who sees the same calendars as shares that may be written to. */
export const sharer = 'bob';
/** Of both of them, until they change it. */
export const firstPassword = 'secret';
const shareSuffix = `-of-${user}`;
/** The ref in its owner's home of what may be a share. */
export const ownRef = (ref: string): string => ref.replace(shareSuffix, '');
export const sharedRef = (ref: string): string => `${ref.slice(0, -1)}${shareSuffix}/`;

/** What a person may keep in a calendar at most, so that every check looks at all of it. */
const keptMost = 14;

export const deeds = [
  'add',
  'add_series',
  'add_duplicate_uid',
  'add_unreadable',
  'rename',
  'describe',
  'move_in_time',
  'touch',
  'remove',
  'remove_and_add_again',
  'move_between_calendars',
  'remove_half',
  'change_managed',
  'remove_managed',
  'move_managed',
  'rename_calendar',
  'forget_tokens',
] as const;
export type Deed = (typeof deeds)[number];

export interface People {
  /** Answers what was done, for the trace. */
  act(deed: Deed, die: Seeded): string;
  /** One more event in every calendar. */
  addToEach(die: Seeded): void;
  /** `work/a.ics` → how often it was really removed: by a person, or by a DELETE that had its effect. */
  readonly removals: ReadonlyMap<string, number>;
  noteRemoval(calendar: string, name: string): void;
  /** A person removes this one, whoever made it. */
  remove(calendar: string, name: string): void;
  /** `work/kalends-b.ics` → what a person gave this name, in order. */
  readonly moved: ReadonlyMap<string, { readonly from: string; readonly atMs: number }>;
  /** `work/a.ics` → when a person changed, moved or removed this managed resource. */
  readonly meddledWith: ReadonlyMap<string, readonly number[]>;
  /** `work/a.ics` → when a person last chose another place for it, under whatever name. */
  readonly placedAtMs: ReadonlyMap<string, number>;
  /** `work/a.ics` → when a person last removed it. */
  readonly removedAtMs: ReadonlyMap<string, number>;
}

export function createPeople(server: ModelServer, startMs: number, now: () => number): People {
  const { world } = server;
  world.addUser(user, firstPassword);
  world.addUser(sharer, firstPassword);
  for (const ref of calendarRefs) {
    world.share(world.addCalendar(user, ref.slice(0, -1), { segment: ref.slice(0, -1) }), sharer, 'write');
  }
  const removals = new Map<string, number>();
  const meddledWith = new Map<string, readonly number[]>();
  const placedAtMs = new Map<string, number>();
  const removedAtMs = new Map<string, number>();
  const moved = new Map<string, { readonly from: string; readonly atMs: number }>();
  let made = 0;

  const noteRemoval = (calendar: string, name: string): void => {
    const key = calendar + name;
    removals.set(key, (removals.get(key) ?? 0) + 1);
  };
  const path = (calendar: string): string => home + calendar;
  const names = (calendar: string, which: 'own' | 'managed'): string[] =>
    world.names(path(calendar)).filter((name) => name.startsWith('kalends-') === (which === 'managed'));
  const remove = (calendar: string, name: string): void => {
    world.remove(path(calendar), name);
    noteRemoval(calendar, name);
    removedAtMs.set(calendar + name, now());
  };
  const put = (calendar: string, name: string, uid: string, die: Seeded, lines: readonly string[] = []): void => {
    made += 1;
    const startMs_ = startMs + (1 + below(die, 50)) * 86_400_000 + below(die, 24) * 3_600_000;
    world.put(path(calendar), name, icsOf({ uid, summary: `p${made}`, startMs: startMs_, lines }));
  };
  const add = (calendar: string, die: Seeded): string => {
    const name = made % 2 === 0 ? `own-${made}.ics` : `own-${made}@people.EML`;
    put(calendar, name, `${name}@people`, die);
    return `adds ${calendar}${name}`;
  };
  /** Does it to one of the person's own events, or adds one where there is none. */
  const toOne = (calendar: string, die: Seeded, what: string, act: (name: string) => void): string => {
    const own = names(calendar, 'own');
    if (own.length === 0) return add(calendar, die);
    const name = pick(die, own);
    act(name);
    return `${what} ${calendar}${name}`;
  };
  const toManaged = (calendar: string, die: Seeded, what: string, act: (name: string) => void): string => {
    const managed = names(calendar, 'managed');
    if (managed.length === 0) return add(calendar, die);
    const name = pick(die, managed);
    meddledWith.set(calendar + name, [...(meddledWith.get(calendar + name) ?? []), now()]);
    act(name);
    return `${what} ${calendar}${name}`;
  };
  const edit = (calendar: string, name: string, change: (body: string) => string): void =>
    void world.edit(path(calendar), name, change);

  const acts: Readonly<Record<Deed, (calendar: string, die: Seeded) => string>> = {
    add,
    add_series: (calendar, die) => {
      const name = `own-${made}.ics`;
      put(calendar, name, `${name}@people`, die, ['RRULE:FREQ=WEEKLY;COUNT=3']);
      return `adds a series ${calendar}${name}`;
    },
    add_duplicate_uid: (calendar, die) => {
      const name = `own-${made}.ics`;
      put(calendar, name, 'twice@people', die);
      return `adds one more of the same UID ${calendar}${name}`;
    },
    add_unreadable: (calendar) => {
      made += 1;
      world.put(
        path(calendar),
        `own-${made}-unreadable.ics`,
        'BEGIN:VCALENDAR\r\nnothing that anybody could read\r\nEND:VCALENDAR\r\n',
      );
      return `adds what nobody can read to ${calendar}`;
    },
    rename: (calendar, die) =>
      toOne(calendar, die, 'renames', (name) => {
        made += 1;
        edit(calendar, name, (body) => body.replace(/^SUMMARY:.*$/m, `SUMMARY:p${made}`));
      }),
    describe: (calendar, die) =>
      toOne(calendar, die, 'describes', (name) => {
        made += 1;
        const note = `DESCRIPTION:note ${made}\r\n`;
        edit(calendar, name, (body) =>
          body.replace(/^DESCRIPTION:.*\r\n/m, '').replace('END:VEVENT', `${note}END:VEVENT`),
        );
      }),
    move_in_time: (calendar, die) =>
      toOne(calendar, die, 'moves in time', (name) => {
        if (name.endsWith('-unreadable.ics')) return remove(calendar, name);
        const uid = /^UID:(.*?)\r?$/m.exec(world.body(path(calendar), name))?.[1] ?? name;
        put(calendar, name, uid, die);
      }),
    touch: (calendar, die) =>
      toOne(calendar, die, 'stores again', (name) =>
        edit(calendar, name, (body) => body.replace(/^DTSTAMP:.*$/m, `DTSTAMP:20261102T0000${10 + below(die, 49)}Z`)),
      ),
    remove: (calendar, die) => toOne(calendar, die, 'removes', (name) => remove(calendar, name)),
    remove_and_add_again: (calendar, die) =>
      toOne(calendar, die, 'removes and adds again', (name) => {
        remove(calendar, name);
        put(calendar, name, `${name}@people`, die);
      }),
    move_between_calendars: (calendar, die) =>
      toOne(calendar, die, 'moves to the other calendar', (name) => {
        const other = calendar === 'work/' ? 'home/' : 'work/';
        const body = world.body(path(calendar), name);
        remove(calendar, name);
        world.put(path(other), `moved-${made}-${name}`, body);
        made += 1;
      }),
    remove_half: (calendar, die) => {
      const gone = names(calendar, 'own').filter(() => die() < 0.5);
      for (const name of gone) remove(calendar, name);
      return `removes ${gone.length} of ${calendar}`;
    },
    change_managed: (calendar, die) =>
      toManaged(calendar, die, 'changes the application’s', (name) => {
        made += 1;
        const room = `LOCATION:room ${made}\r\n`;
        placedAtMs.set(calendar + name, now());
        edit(calendar, name, (body) =>
          body.replace(/^LOCATION:.*\r\n/m, '').replace('END:VEVENT', `${room}END:VEVENT`),
        );
      }),
    remove_managed: (calendar, die) =>
      toManaged(calendar, die, 'removes the application’s', (name) => remove(calendar, name)),
    move_managed: (calendar, die) =>
      toManaged(calendar, die, 'gives another name to the application’s', (name) => {
        made += 1;
        const other = name.replace(/^kalends-(?:moved\d+-)?/, `kalends-moved${made}-`);
        world.move(path(calendar), name, path(calendar), other);
        noteRemoval(calendar, name);
        moved.set(calendar + other, { from: calendar + name, atMs: now() });
        const placed = placedAtMs.get(calendar + name);
        if (placed !== undefined) placedAtMs.set(calendar + other, placed);
      }),
    rename_calendar: (calendar) => {
      made += 1;
      world.renameCalendar(path(calendar), `Calendar ${made}`);
      return `renames the calendar ${calendar}`;
    },
    forget_tokens: (calendar) => {
      world.forgetTokens(path(calendar));
      return `the server forgets the tokens of ${calendar}`;
    },
  };

  return {
    removals,
    moved,
    meddledWith,
    placedAtMs,
    removedAtMs,
    noteRemoval,
    remove: (calendar, name) => {
      meddledWith.set(calendar + name, [...(meddledWith.get(calendar + name) ?? []), now()]);
      remove(calendar, name);
    },
    addToEach: (die) => {
      for (const calendar of calendarRefs) add(calendar, die);
    },
    act: (deed, die) => {
      const calendar = pick(die, calendarRefs);
      const full = names(calendar, 'own').length >= keptMost && (deed.startsWith('add') || deed.startsWith('move_b'));
      return acts[full ? 'remove' : deed](calendar, die);
    },
  };
}
