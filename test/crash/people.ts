/** The people of the crash test: they edit their calendars behind everybody's back while processes die. */
import type { MountedModelServer } from '../support/caldav-model/mount.ts';
import { rawClient, xmlNamespaces } from '../support/caldav-server.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';

export interface People {
  readonly edits: number;
  /** Paths of resources of the application's that a person changed. */
  readonly changed: ReadonlySet<string>;
  /** One edit of one calendar. */
  edit(): void;
  /** A calendar gets another zone: everything floating in it lies elsewhere from now on. */
  moveHouse(): Promise<void>;
}

export interface Person {
  readonly username: string;
  readonly password: string;
  readonly calendars: readonly string[];
}

/** What a person may keep in a calendar at most: every check looks at all of it. */
const keptMost = 25;

/** `removedTheirs`: a person is about to remove this resource of the application's, which holds this. */
export function createPeople(
  server: MountedModelServer,
  people: readonly Person[],
  random: Seeded,
  removedTheirs: (path: string, body: string) => void,
): People {
  const { world } = server;
  const changed = new Set<string>();
  let edits = 0;
  let moves = 0;

  const own = (calendar: string): string[] => world.names(calendar).filter((name) => name.startsWith('own-'));
  const managed = (calendar: string): string[] => world.names(calendar).filter((name) => name.startsWith('kalends-'));

  const add = (calendar: string, name = 'own'): void => {
    const startMs = daysAhead(1 + below(random, 60), below(random, 24));
    const text = { uid: `${name}-${edits}@people`, summary: `p${edits}`, startMs };
    const lines = random() < 0.15 ? ['RRULE:FREQ=WEEKLY;COUNT=5'] : [];
    const body = icsOf({ ...text, lines });
    // A floating time lies where the calendar's zone says.
    world.put(
      calendar,
      `${name}-${edits}.ics`,
      random() < 0.3 ? body.replaceAll(/^(DT(?:START|END):.*)Z/gm, '$1') : body,
    );
  };
  const touch = (calendar: string): void => {
    const names = managed(calendar);
    if (names.length === 0) return add(calendar);
    const name = pick(random, names);
    changed.add(calendar + name);
    world.edit(calendar, name, (body) => withLocation(body, `room ${edits}`));
  };
  const remove = (calendar: string, names: readonly string[]): void => {
    if (names.length === 0) return add(calendar);
    const name = pick(random, names);
    if (name.startsWith('kalends-')) removedTheirs(calendar + name, world.body(calendar, name));
    world.remove(calendar, name);
  };
  const rename = (calendar: string): void => {
    const names = own(calendar);
    if (names.length === 0) return add(calendar);
    world.edit(calendar, pick(random, names), (body) => body.replace(/^SUMMARY:.*$/m, `SUMMARY:p${edits}`));
  };

  return {
    get edits() {
      return edits;
    },
    changed,
    edit: () => {
      edits += 1;
      const person = pick(random, people);
      const calendar = pick(random, person.calendars);
      const dice = random();
      if (dice < 0.06) touch(calendar);
      // Never touched again: what is missed of it once is missed for good.
      else if (dice < 0.2) add(calendar, 'landmark');
      else if (dice < 0.22) remove(calendar, managed(calendar));
      else if (dice < 0.45 || own(calendar).length > keptMost) remove(calendar, own(calendar));
      else if (dice < 0.65) rename(calendar);
      else add(calendar);
    },
    moveHouse: async () => {
      moves += 1;
      const person = pick(random, people);
      await setZone(
        server,
        person,
        pick(random, person.calendars),
        moves % 2 === 0 ? 'Europe/Berlin' : 'America/New_York',
      );
    },
  };
}

const withLocation = (body: string, location: string): string =>
  body.replace(/^LOCATION:.*\r\n/m, '').replace('END:VEVENT', `LOCATION:${location}\r\nEND:VEVENT`);

async function setZone(server: MountedModelServer, person: Person, calendar: string, zone: string): Promise<void> {
  const timezone = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//A person//EN\r\nBEGIN:VTIMEZONE\r\nTZID:${zone}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n`;
  const body = `<d:propertyupdate ${xmlNamespaces}><d:set><d:prop><c:calendar-timezone>${timezone}</c:calendar-timezone></d:prop></d:set></d:propertyupdate>`;
  const url = new URL(calendar, server.url).href;
  const answer = await rawClient(person).request('PROPPATCH', url, { 'content-type': 'application/xml' }, body);
  if (answer.status !== 207) throw new Error(`PROPPATCH ${url}: ${answer.status} ${answer.text}`);
}
