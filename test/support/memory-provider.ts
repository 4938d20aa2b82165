/** A provider in memory, the oracle of the contract suite: right in every sentence, with people editing behind our back. */
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Evidence, Observation } from '../../domain/resource.ts';
import type { Capabilities, Precondition, Provider, Session } from '../../providers/provider.ts';
import { icsRef } from '../../providers/resource-ref.ts';
import type { AskingMethod } from '../contracts/provider-every-method.ts';

interface StoredResource {
  readonly body: string;
  readonly etag: string;
}

/** The other side: what people do with their calendars, and what may go wrong next. */
export interface MemoryWorld {
  /** Accepted by `connect` and `probe`; null: any. */
  password: string | null;
  /** At most this many changes in one page of `changes`. */
  pageSize: number;
  /** Adds or replaces one; the rest has defaults. */
  addCalendar(ref: string, as?: Partial<ObservedCalendar>): void;
  removeCalendar(ref: string): void;
  /** Creates or replaces; returns the new etag. Throws for an unknown calendar. */
  put(calendar: string, ref: string, body: string): string;
  remove(calendar: string, ref: string): void;
  /** ref → body. */
  contents(calendar: string): ReadonlyMap<string, string>;
  /** Tokens handed out so far are not accepted any more. */
  forgetTokens(calendar: string): void;
  /** The next `times` calls of a method reject with what `failure` makes; nothing else happens in them. */
  failNext(method: AskingMethod, failure: () => KalendsError, times?: number): void;
  /** `after`: the call has its effect first, and its outcome is lost. */
  failNextAfterEffect(method: 'put' | 'remove' | 'makeCalendar', failure: () => KalendsError, times?: number): void;
  /** Calls so far, in order. */
  readonly calls: readonly {
    readonly method: AskingMethod;
    readonly calendar: string | null;
    readonly ref: string | null;
  }[];
  count(method: AskingMethod): number;
}

export interface MemoryProvider {
  readonly provider: Provider;
  /** Another one over the same world. */
  readonly afresh: () => Provider;
  readonly world: MemoryWorld;
}

/** A calendar with a numbered history: revision n of a ref, or its removal at n. */
class MemoryCalendar {
  observed: ObservedCalendar;
  readonly resources = new Map<string, StoredResource>();
  readonly changedAt = new Map<string, number>();
  readonly removedAt = new Map<string, number>();
  readonly epoch: number;
  revision = 0;
  oldest = 0;

  constructor(observed: ObservedCalendar, epoch: number) {
    this.observed = observed;
    this.epoch = epoch;
  }

  put(ref: string, body: string): string {
    this.revision += 1;
    const etag = `"${this.epoch}.${this.revision}"`;
    this.resources.set(ref, { body, etag });
    this.changedAt.set(ref, this.revision);
    this.removedAt.delete(ref);
    return etag;
  }

  remove(ref: string): void {
    if (!this.resources.delete(ref)) throw new Error(`no ${ref} in ${this.observed.ref}`);
    this.revision += 1;
    this.changedAt.delete(ref);
    this.removedAt.set(ref, this.revision);
  }

  token(revision: number): string {
    return `memory:${this.epoch}:${revision}`;
  }

  /** Null for a token of another life of this calendar, from the future, or forgotten. */
  revisionOf(token: string): number | null {
    const [, epoch, revision] = /^memory:(\d+):(\d+)$/.exec(token) ?? [];
    const known = Number(epoch) === this.epoch && Number(revision) <= this.revision && Number(revision) >= this.oldest;
    return known ? Number(revision) : null;
  }
}

const error = (code: ConstructorParameters<typeof KalendsError>[0], message: string): KalendsError =>
  new KalendsError(code, message, { evidence: { request: 'memory' } });

interface Injected {
  readonly failure: () => KalendsError;
  readonly after: boolean;
  left: number;
}

class Memory implements MemoryWorld {
  password: string | null = null;
  pageSize = 1_000;
  readonly calendars = new Map<string, MemoryCalendar>();
  readonly calls: { method: AskingMethod; calendar: string | null; ref: string | null }[] = [];
  readonly #injected = new Map<AskingMethod, Injected[]>();
  #epoch = 0;

  addCalendar(ref: string, as: Partial<ObservedCalendar> = {}): void {
    const observed: ObservedCalendar = {
      ref,
      name: ref.replace(/\/$/, ''),
      color: null,
      timeZone: null,
      readOnly: false,
      primary: false,
      privileges: [],
      ...as,
    };
    const there = this.calendars.get(ref);
    this.#epoch += 1;
    if (there === undefined) this.calendars.set(ref, new MemoryCalendar(observed, this.#epoch));
    else there.observed = observed;
  }

  removeCalendar(ref: string): void {
    if (!this.calendars.delete(ref)) throw new Error(`no calendar ${ref}`);
  }

  put(calendar: string, ref: string, body: string): string {
    return this.existing(calendar).put(ref, body);
  }

  remove(calendar: string, ref: string): void {
    this.existing(calendar).remove(ref);
  }

  contents(calendar: string): ReadonlyMap<string, string> {
    return new Map([...this.existing(calendar).resources].map(([ref, { body }]) => [ref, body]));
  }

  forgetTokens(calendar: string): void {
    const there = this.existing(calendar);
    there.revision += 1;
    there.oldest = there.revision;
  }

  failNext(method: AskingMethod, failure: () => KalendsError, times = 1): void {
    this.#inject(method, { failure, after: false, left: times });
  }

  failNextAfterEffect(method: AskingMethod, failure: () => KalendsError, times = 1): void {
    this.#inject(method, { failure, after: true, left: times });
  }

  count(method: AskingMethod): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  existing(ref: string, code: 'not_found' | 'parent_missing' = 'not_found'): MemoryCalendar {
    const calendar = this.calendars.get(ref);
    if (calendar === undefined) throw error(code, `there is no calendar ${ref}`);
    return calendar;
  }

  /** One request: counted, failed where it should, carried out otherwise. */
  async call<T>(
    method: AskingMethod,
    session: Pick<Session, 'signal' | 'credentials'>,
    about: { readonly calendar?: string; readonly ref?: string },
    carryOut: () => T,
  ): Promise<T> {
    if (session.signal.aborted) throw error('shutting_down', 'the caller gave up');
    this.calls.push({ method, calendar: about.calendar ?? null, ref: about.ref ?? null });
    const injected = this.#take(method);
    if (injected !== null && !injected.after) throw injected.failure();
    const { credentials } = session;
    const known = this.password === null || (credentials.kind === 'password' && credentials.password === this.password);
    if (!known) throw error('unauthorized', 'wrong password');
    const result = carryOut();
    if (injected !== null) throw injected.failure();
    return result;
  }

  #inject(method: AskingMethod, injected: Injected): void {
    this.#injected.set(method, [...(this.#injected.get(method) ?? []), injected]);
  }

  #take(method: AskingMethod): Injected | null {
    const first = (this.#injected.get(method) ?? []).find(({ left }) => left > 0) ?? null;
    if (first !== null) first.left -= 1;
    return first;
  }
}

/** Throws `precondition_failed` unless the precondition holds; memory has no schedule tags, so etags stand for them. */
function demand(precondition: Precondition | null, there: StoredResource | undefined): void {
  if (precondition === null) return;
  const holds =
    precondition.kind === 'create'
      ? there === undefined
      : there?.etag === (precondition.kind === 'etag' ? precondition.etag : precondition.scheduleTag);
  if (!holds) throw error('precondition_failed', 'the precondition does not hold');
}

const observe = (ref: string, { body, etag }: StoredResource): Observation => ({
  ref,
  etag,
  scheduleTag: null,
  body,
  format: 'icalendar',
});

type Reading = 'listCalendars' | 'getCalendar' | 'version' | 'list' | 'changes' | 'fetch' | 'get';
type Writing = 'put' | 'remove' | 'makeCalendar';

const gone = (request: string, atMs: number): Evidence => ({
  kind: 'direct_get',
  request,
  status: 404,
  collectionStatus: 207,
  atMs,
});

function reading(world: Memory, now: () => number): Pick<Provider, Reading> {
  return {
    listCalendars: (session) =>
      world.call('listCalendars', session, {}, () => [...world.calendars.values()].map(({ observed }) => observed)),
    getCalendar: (session, calendar) =>
      world.call('getCalendar', session, { calendar }, () =>
        world.calendars.has(calendar)
          ? { kind: 'found' }
          : { kind: 'gone', evidence: gone(`PROPFIND ${calendar}`, now()) },
      ),
    version: (session, calendar) =>
      world.call('version', session, { calendar }, () => versionOf(world.existing(calendar))),
    list: (session, calendar, { withBodies }) =>
      world.call('list', session, { calendar }, () => {
        const there = world.existing(calendar);
        const resources = [...there.resources].map(([ref, resource]) => ({
          ref,
          etag: resource.etag,
          observation: withBodies ? observe(ref, resource) : null,
        }));
        return { ...versionOf(there), more: false, resources };
      }),
    changes: (session, calendar, token) =>
      world.call('changes', session, { calendar }, () => pageSince(world, world.existing(calendar), token, now())),
    fetch: (session, calendar, refs) =>
      world.call('fetch', session, { calendar }, () => {
        const { resources } = world.existing(calendar);
        const asked = [...new Set(refs)];
        const answered = asked.flatMap((ref) => {
          const resource = resources.get(ref);
          return resource === undefined ? [] : [observe(ref, resource)];
        });
        return { answered, missing: asked.filter((ref) => !resources.has(ref)), unanswered: [] };
      }),
    get: (session, calendar, ref) =>
      world.call('get', session, { calendar, ref }, () => {
        const resource = world.existing(calendar).resources.get(ref);
        return resource === undefined
          ? { kind: 'gone', evidence: gone(`GET ${calendar}${ref}`, now()) }
          : { kind: 'found', observation: observe(ref, resource) };
      }),
  };
}

function writing(world: Memory, now: () => number): Pick<Provider, Writing> {
  return {
    put: (session, { calendar, ref, body, precondition }) =>
      world.call('put', session, { calendar, ref }, () => {
        const there = world.existing(calendar, 'parent_missing');
        demand(precondition, there.resources.get(ref));
        return observe(ref, { body, etag: there.put(ref, body) });
      }),
    remove: (session, { calendar, ref, precondition }) =>
      world.call('remove', session, { calendar, ref }, () => {
        const there = world.existing(calendar);
        const resource = there.resources.get(ref);
        if (resource === undefined) return { kind: 'gone', evidence: gone(`DELETE ${calendar}${ref}`, now()) };
        demand(precondition, resource);
        there.remove(ref);
        return { kind: 'removed', status: 204 };
      }),
    makeCalendar: (session, { ref, name, color }) =>
      world.call('makeCalendar', session, { calendar: ref }, () => {
        if (world.calendars.has(ref)) throw error('conflicting_state', `${ref} is there already`);
        world.addCalendar(ref, { name, color });
        return world.existing(ref).observed;
      }),
  };
}

/** Starts empty. `capabilities` are changed to test callers that look at them. */
export function createMemoryProvider(
  options: { readonly capabilities?: Partial<Capabilities>; readonly now?: () => number } = {},
): MemoryProvider {
  const world = new Memory();
  const capabilities: Capabilities = {
    pull: true,
    makeCalendar: true,
    rediscover: true,
    attendees: true,
    fetchBatch: 500,
    ...options.capabilities,
  };
  const afresh = (): Provider => ({
    name: 'memory',
    capabilities,
    connect: (request, signal) =>
      world.call('connect', { signal, credentials: request.credentials }, {}, () => {
        const name = request.credentials.kind === 'password' ? request.credentials.username : 'memory';
        return {
          root: { home: 'memory' },
          address: request.address,
          name,
          email: name.includes('@') ? name : null,
          aliases: [],
        };
      }),
    rediscover: (session) =>
      world.call('rediscover', session, {}, () =>
        session.root['home'] === 'memory' ? null : { ...session.root, home: 'memory' },
      ),
    ...reading(world, options.now ?? (() => 0)),
    ...writing(world, options.now ?? (() => 0)),
    newCalendarRef: (_root, name) => `${encodeURIComponent(name)}/`,
    newResourceRef: icsRef,
    probe: (session) => world.call('probe', session, {}, () => undefined),
    software: () => 'memory',
    hostOf: (root) => root['host'] ?? null,
  });
  return { provider: afresh(), afresh, world };
}

function versionOf(calendar: MemoryCalendar): { token: string; ctag: string } {
  return { token: calendar.token(calendar.revision), ctag: calendar.token(calendar.revision) };
}

function pageSince(world: Memory, calendar: MemoryCalendar, token: string, atMs: number) {
  const since = calendar.revisionOf(token);
  if (since === null) throw error('sync_token_invalid', 'this token is not known');
  const all = [
    ...[...calendar.changedAt].map(([ref, at]) => ({ ref, at, removed: false })),
    ...[...calendar.removedAt].map(([ref, at]) => ({ ref, at, removed: true })),
  ];
  const due = all.filter(({ at }) => at > since).sort((a, b) => a.at - b.at);
  const page = due.slice(0, world.pageSize);
  const more = page.length < due.length;
  const request = `REPORT sync-collection ${calendar.observed.ref}`;
  return {
    changed: page.flatMap(({ ref, removed }) =>
      removed ? [] : [{ ref, etag: calendar.resources.get(ref)?.etag ?? null, observation: null }],
    ),
    removed: page.flatMap(({ ref, removed }) =>
      removed ? [{ ref, evidence: { kind: 'tombstone' as const, request, status: 404, atMs } }] : [],
    ),
    token: calendar.token(more ? (page.at(-1)?.at ?? since) : calendar.revision),
    more,
  };
}
