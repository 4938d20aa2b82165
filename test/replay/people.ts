/** What the people of the replay do all day: change events, plan new ones, cancel; and cancel what they just changed. */
import type { ModelRequest } from '../support/caldav-model/exchange.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import { bodyOf, diceOf, minute, pathOf, personOf, stepMs } from './fleet.ts';

/** How long one calendar rests on average between two edits. */
const restMs = 10 * minute;
/** Of the edits: new events, cancelled ones, whole weeks that are moved (four events); the rest changes one event. */
const mix = { added: 0.2, removed: 0.15, week: 0.15 } as const;
/** Of the multigets: those that meet an event which was cancelled a moment ago, after a delta had named it. */
const met = 0.03;

export interface People {
  /** Everybody's edits of one step. */
  edit(nowMs: number): void;
  /** `person/ref` → when it was cancelled. */
  readonly cancelled: ReadonlyMap<string, number>;
  /** The reader of `person/ref` sees its state from now on: how long did what it had not seen wait? Null: nothing had. */
  seen(key: string, nowMs: number, kind: 'put' | 'removed', waiting: Map<string, Waiting>): number | null;
  /** What has been done and not been seen yet, for one reader. */
  reader(): Map<string, Waiting>;
  readonly edits: () => number;
}

export interface Waiting {
  readonly sinceMs: number;
  readonly kind: 'put' | 'removed';
}

export const keyOf = (person: string, ref: string): string => `${person}/${ref}`;

/** Cancels while requests are on their way through a fault that never fires: asking whether it applies is the moment. */
export function createPeople(server: ModelServer, people: number, now: () => number): People {
  const dice = diceOf(1_954);
  const cancelled = new Map<string, number>();
  const readers: Map<string, Waiting>[] = [];
  let edits = 0;
  let next = 1_000;

  function note(key: string, kind: Waiting['kind']): void {
    for (const reader of readers) {
      // What a reader has not seen since then is what it waits for; a later edit of it does not make it younger.
      const before = reader.get(key);
      reader.set(key, { kind, sinceMs: before?.kind === kind ? before.sinceMs : now() });
    }
  }

  function put(person: string, ref: string): void {
    edits += 1;
    server.world.put(pathOf(person), ref, bodyOf(`${person}-${ref}`, `Edit ${edits}`));
    note(keyOf(person, ref), 'put');
  }

  function remove(person: string, ref: string): void {
    edits += 1;
    server.world.remove(pathOf(person), ref);
    cancelled.set(keyOf(person, ref), now());
    note(keyOf(person, ref), 'removed');
  }

  function editOf(person: string): void {
    const names = server.world.names(pathOf(person));
    const one = names[Math.floor(dice() * names.length)];
    const what = dice();
    if (one === undefined || what < mix.added) return put(person, `n${(next += 1)}.ics`);
    if (what < mix.added + mix.removed) return remove(person, one);
    if (what >= mix.added + mix.removed + mix.week) return put(person, one);
    const from = Math.floor(dice() * names.length);
    for (const name of names.slice(from, from + 4)) put(person, name);
  }

  /** Somebody cancels the first or second event that this very request asks for. */
  function meet(request: ModelRequest): boolean {
    if (request.method !== 'REPORT' || !request.body.includes('calendar-multiget') || dice() >= met) return false;
    const refs = [...request.body.matchAll(/([^/>]+\.ics)</g)].map((found) => found[1] ?? '');
    const ref = refs[refs.length > 1 && dice() < 0.5 ? 1 : 0];
    const person = request.segments[1] ?? '';
    if (ref !== undefined && server.world.etag(pathOf(person), ref) !== null) remove(person, ref);
    return false;
  }

  server.faults.set('status_500', { always: true, only: { matches: meet } });
  return {
    cancelled,
    edits: () => edits,
    edit: () => {
      for (let k = 0; k < people; k += 1) if (dice() < stepMs / restMs) editOf(personOf(k));
    },
    reader: () => {
      const reader = new Map<string, Waiting>();
      readers.push(reader);
      return reader;
    },
    seen: (key, nowMs, kind, waiting) => {
      const one = waiting.get(key);
      if (one?.kind !== kind) return null;
      waiting.delete(key);
      return nowMs - one.sinceMs;
    },
  };
}
