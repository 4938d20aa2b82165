/** What the model server holds: people, their calendars, the resources and the log of changes that tokens point into. */

export interface ModelUser {
  readonly name: string;
  password: string;
  readonly displayName: string;
}

export interface ModelResource {
  readonly name: string;
  readonly body: string;
  readonly etag: string;
  /** Changes with everything but answers of attendees (RFC 6638 section 3.2.10). */
  readonly scheduleTag: string;
  readonly uid: string | null;
  /** The calendar's revision that brought this version. */
  readonly revision: number;
  readonly changedAtMs: number;
}

/** One entry per change, oldest first; tokens are revisions. */
export interface ChangeRow {
  readonly revision: number;
  readonly name: string;
  readonly kind: 'created' | 'updated' | 'removed';
  readonly uid: string | null;
  readonly atMs: number;
}

export type Access = 'owner' | 'write' | 'read';

export interface ModelCalendar {
  readonly id: number;
  displayName: string;
  color: string | null;
  /** An iCalendar object with a VTIMEZONE, as RFC 4791 section 5.2.2 has it. */
  timeZone: string | null;
  readonly components: readonly string[];
  readonly resources: Map<string, ModelResource>;
  readonly changes: ChangeRow[];
  revision: number;
  /** Tokens older than this are refused with 403. */
  oldestToken: number;
}

export interface NewCalendar {
  readonly color?: string | null;
  readonly timeZone?: string | null;
  /** Default: VEVENT alone. */
  readonly components?: readonly string[];
}

/** Where a person sees a calendar: `/calendars/<user>/<segment>/`. */
export interface Mount {
  readonly user: string;
  readonly segment: string;
  readonly access: Access;
  readonly calendar: ModelCalendar;
}

/** All of it. Only `world.ts` and the methods that write touch it. */
export class ModelState {
  readonly users = new Map<string, ModelUser>();
  /** By user, then by segment: there may be thousands of people. */
  readonly #mounts = new Map<string, Map<string, Mount>>();
  #next = 0;

  /** A number that no other etag, tag or calendar of this server has. */
  nextNumber(): number {
    this.#next += 1;
    return this.#next;
  }

  mountsOf(user: string): readonly Mount[] {
    return [...(this.#mounts.get(user)?.values() ?? [])];
  }

  allMounts(): readonly Mount[] {
    return [...this.#mounts.values()].flatMap((ofUser) => Array.from(ofUser.values()));
  }

  addMount(mount: Mount): void {
    const ofUser = this.#mounts.get(mount.user) ?? new Map<string, Mount>();
    this.#mounts.set(mount.user, ofUser.set(mount.segment, mount));
  }

  dropMount(mount: Mount): void {
    this.#mounts.get(mount.user)?.delete(mount.segment);
  }

  /** The mount at `/calendars/<user>/<segment>/`, or null. */
  mountAt(segments: readonly string[]): Mount | null {
    const [top, user, segment] = segments;
    if (top !== 'calendars' || user === undefined || segment === undefined) return null;
    return this.#mounts.get(user)?.get(segment) ?? null;
  }

  /** Stores a version and logs the change. */
  write(calendar: ModelCalendar, name: string, body: string, atMs: number, options: WriteOptions = {}): ModelResource {
    const before = calendar.resources.get(name);
    calendar.revision += 1;
    const number = this.nextNumber();
    const keepsTag = options.keepScheduleTag === true && before !== undefined;
    const resource: ModelResource = {
      name,
      body,
      etag: `"e${number}"`,
      scheduleTag: keepsTag ? before.scheduleTag : `"s${number}"`,
      uid: uidOf(body),
      revision: calendar.revision,
      changedAtMs: atMs,
    };
    calendar.resources.set(name, resource);
    const kind = before === undefined ? 'created' : 'updated';
    calendar.changes.push({ revision: calendar.revision, name, kind, uid: resource.uid, atMs });
    return resource;
  }

  /** A calendar at `/calendars/<user>/<segment>/`, owned by that person. */
  makeCalendar(user: string, segment: string, displayName: string, options: NewCalendar = {}): ModelCalendar {
    const calendar: ModelCalendar = {
      id: this.nextNumber(),
      displayName,
      color: options.color ?? null,
      timeZone: options.timeZone ?? null,
      components: options.components ?? ['VEVENT'],
      resources: new Map(),
      changes: [],
      revision: 0,
      oldestToken: 0,
    };
    this.addMount({ user, segment, access: 'owner', calendar });
    return calendar;
  }

  /** Removes a resource and logs it; false when it was not there. */
  remove(calendar: ModelCalendar, name: string, atMs: number): boolean {
    const resource = calendar.resources.get(name);
    if (resource === undefined) return false;
    calendar.resources.delete(name);
    calendar.revision += 1;
    calendar.changes.push({ revision: calendar.revision, name, kind: 'removed', uid: resource.uid, atMs });
    return true;
  }
}

export interface WriteOptions {
  readonly keepScheduleTag?: boolean;
}

/** The first UID of an iCalendar text, unfolded; null where there is none. */
export function uidOf(body: string): string | null {
  const unfolded = body.replaceAll(/\r?\n[ \t]/g, '');
  return /^UID(?:;[^:\r\n]*)?:(.*?)\r?$/m.exec(unfolded)?.[1]?.trim() ?? null;
}

/** The escaped path of a person's home, a calendar or a resource; `@` is no reason to escape (RFC 3986 section 3.3). */
export function pathOf(user: string, segment?: string, name?: string): string {
  const home = `/calendars/${escapedPart(user)}/`;
  if (segment === undefined) return home;
  const calendar = `${home}${escapedPart(segment)}/`;
  return name === undefined ? calendar : `${calendar}${escapedPart(name)}`;
}

export const escapedPart = (part: string): string => encodeURIComponent(part).replaceAll('%40', '@');

/** The decoded parts of a path or URL, without empty ones; a broken escape stays as it is. */
export function segmentsOf(pathOrUrl: string): string[] {
  const path = pathOrUrl.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '');
  return path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
