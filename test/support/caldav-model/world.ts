/** The people behind the model server: they edit calendars behind everybody's back, without any protocol. */
import { pathSegmentFor } from '../caldav-server.ts';
import {
  pathOf,
  segmentsOf,
  type Access,
  type ModelCalendar,
  type ModelState,
  type Mount,
  type NewCalendar,
} from './state.ts';

/** Path → resource name → body, as far as one looks. */
export type WorldContents = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Resource name → its body, null once it was removed, and since when. */
export type LatestVersions = ReadonlyMap<string, { readonly body: string | null; readonly atMs: number }>;

/**
 * Calendars are named by the path at which a person sees them (`/calendars/alice/work/`), resources by their last
 * part (`a.ics`). Bodies are stored as given: also what no server would accept. Unknown names throw.
 */
export class World {
  readonly #state: ModelState;
  readonly #now: () => number;

  constructor(state: ModelState, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  addUser(name: string, password: string): void {
    this.#state.users.set(name, { name, password, displayName: name });
  }

  changePassword(name: string, password: string): void {
    const user = this.#state.users.get(name);
    if (user === undefined) throw new Error(`nobody is called ${name}`);
    user.password = password;
  }

  /** Returns the new calendar's path. */
  addCalendar(user: string, displayName: string, options: NewCalendar & { readonly segment?: string } = {}): string {
    const segment = options.segment ?? pathSegmentFor(displayName);
    const path = pathOf(user, segment);
    if (this.#state.mountAt(segmentsOf(path)) !== null) throw new Error(`there is a calendar at ${path} already`);
    this.#state.makeCalendar(user, segment, displayName, options);
    return path;
  }

  renameCalendar(path: string, displayName: string): void {
    this.#calendar(path).displayName = displayName;
  }

  /** Removes it for everybody who sees it. */
  removeCalendar(path: string): void {
    const { calendar } = this.#mount(path);
    for (const mount of this.#state.allMounts()) {
      if (mount.calendar === calendar) this.#state.dropMount(mount);
    }
  }

  /** Lets another person see a calendar; returns its path in that person's home. */
  share(path: string, user: string, access: Exclude<Access, 'owner'>): string {
    const { calendar, segment, user: owner } = this.#mount(path);
    const shared = `${segment}-of-${owner}`;
    this.#state.addMount({ user, segment: shared, access, calendar });
    return pathOf(user, shared);
  }

  /** The share at this path ends: everything below it answers 404 from now on. */
  withdrawShare(path: string): void {
    const gone = this.#mount(path);
    if (gone.access === 'owner') throw new Error(`${path} is no share`);
    this.#state.dropMount(gone);
  }

  /** Creates or replaces; returns the etag. */
  put(path: string, name: string, body: string): string {
    return this.#state.write(this.#calendar(path), name, body, this.#now()).etag;
  }

  /** Replaces what is there by what `change` makes of it; returns the etag. */
  edit(path: string, name: string, change: (body: string) => string): string {
    return this.put(path, name, change(this.body(path, name)));
  }

  /** An attendee answers: the etag changes, the schedule tag does not. */
  reply(path: string, name: string, change: (body: string) => string): string {
    const body = change(this.body(path, name));
    return this.#state.write(this.#calendar(path), name, body, this.#now(), { keepScheduleTag: true }).etag;
  }

  remove(path: string, name: string): void {
    if (!this.#state.remove(this.#calendar(path), name, this.#now())) throw new Error(`no ${name} in ${path}`);
  }

  /** Out of one calendar, into another (or the same under another name). */
  move(fromPath: string, name: string, toPath: string, newName: string = name): void {
    const body = this.body(fromPath, name);
    this.remove(fromPath, name);
    this.put(toPath, newName, body);
  }

  /** All sync tokens handed out so far become invalid: an honest server that keeps only so much history. */
  forgetTokens(path: string): void {
    const calendar = this.#calendar(path);
    calendar.revision += 1;
    calendar.oldestToken = calendar.revision;
  }

  body(path: string, name: string): string {
    const resource = this.#calendar(path).resources.get(name);
    if (resource === undefined) throw new Error(`no ${name} in ${path}`);
    return resource.body;
  }

  etag(path: string, name: string): string | null {
    return this.#calendar(path).resources.get(name)?.etag ?? null;
  }

  names(path: string): readonly string[] {
    return [...this.#calendar(path).resources.keys()];
  }

  /** The paths of a person's calendars. */
  calendarsOf(user: string): readonly string[] {
    return this.#state.mountsOf(user).map((mount) => pathOf(mount.user, mount.segment));
  }

  displayName(path: string): string {
    return this.#calendar(path).displayName;
  }

  /** Everything that a person (or anybody) sees, for comparing. */
  contents(user?: string): WorldContents {
    const contents = new Map<string, ReadonlyMap<string, string>>();
    for (const mount of user === undefined ? this.#state.allMounts() : this.#state.mountsOf(user)) {
      const bodies = [...mount.calendar.resources.values()].map((one) => [one.name, one.body] as const);
      contents.set(pathOf(mount.user, mount.segment), new Map(bodies));
    }
    return contents;
  }

  /** Of all that a calendar ever held; null where there is no calendar. */
  latest(path: string): LatestVersions | null {
    const calendar = this.#state.mountAt(segmentsOf(path))?.calendar;
    if (calendar === undefined) return null;
    const { changes, resources } = calendar;
    return new Map(changes.map(({ name, atMs }) => [name, { body: resources.get(name)?.body ?? null, atMs }]));
  }

  #mount(path: string): Mount {
    const mount = this.#state.mountAt(segmentsOf(path));
    if (mount === null) throw new Error(`there is no calendar at ${path}`);
    return mount;
  }

  #calendar(path: string): ModelCalendar {
    return this.#mount(path).calendar;
  }
}
