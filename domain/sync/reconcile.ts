/** Reconcile: what an application wants of an event against what its calendar holds → the one call that closes the gap. */
import { requestedHash } from '../hashes.ts';
import { digestName, type AppId, type CalendarId } from '../ids.ts';
import type { IntentDoc } from '../intent.ts';
import type { ManagedEventDoc, RequestedFields } from '../managed-event.ts';
import type { ResourceDoc } from '../resource.ts';
import { foldIntents, type WantedState } from './fold.ts';

/** The first life of an event_id. */
export const firstGeneration = 1;

export type Reconciled =
  /** The calendar holds what is wanted: no call. */
  | { readonly kind: 'settled'; readonly generation: number; readonly wanted: RequestedFields | null }
  | {
      readonly kind: 'create';
      readonly generation: number;
      readonly wanted: RequestedFields;
      /** Client-chosen, contains the generation: the same name for the same wish, whoever carries it out. */
      readonly name: string;
    }
  | {
      readonly kind: 'update';
      readonly generation: number;
      readonly wanted: RequestedFields;
      readonly resource: ResourceDoc;
    }
  | { readonly kind: 'remove'; readonly generation: number; readonly resource: ResourceDoc };

/** The intents that are carried out together, and where that leads. */
export interface WriteGroup {
  readonly intents: readonly IntentDoc[];
  readonly state: WantedState;
}

/**
 * All open intents of one event, in order, folded; but while an earlier life still stands in the calendar only up to
 * the delete that ends it, because removing one life and writing the next are two calls. A delete that has been called
 * for ends its life in any case: it has an outcome of its own. `begunByN`: the intent for which a call began what stands
 * there; a delete that was accepted before it was carried out by that call, and ends no more than what stood before.
 */
export function groupOf(
  start: WantedState,
  intents: readonly IntentDoc[],
  resource: ResourceDoc | null,
  begunByN = 0,
): WriteGroup {
  const standing = resource !== null && resource.live === 1;
  const ends = (one: IntentDoc): boolean => standing && one.n > begunByN;
  const end = intents.findIndex((one) => one.wish.kind !== 'upsert' && (ends(one) || one.attempts > 0));
  const together = end === -1 ? intents : intents.slice(0, end + 1);
  const before = together.findLastIndex((one) => one.wish.kind !== 'upsert' && standing && one.n <= begunByN);
  // What a late call wrote is a life that no record knows of: ending it burns its name like any other's.
  const from = standing && (before !== -1 || start.wanted === null) ? { ...start, wanted: {} } : start;
  return { intents: together, state: foldIntents(from, together.slice(before + 1)) };
}

export interface ReconcileInput {
  readonly appId: AppId;
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly applied: ManagedEventDoc | null;
  /** The cached resource that carries the event, live or as a tombstone; null where there never was one. */
  readonly resource: ResourceDoc | null;
  /** The life that the resource belongs to; the one that comes next where none is wanted or was ever begun. */
  readonly generation: number;
  readonly state: WantedState;
}

/** No call if and only if the wish is the one carried out last and the calendar still holds what our write returned. */
export function reconcile(input: ReconcileInput): Reconciled {
  const { applied, resource, state } = input;
  const standing = resource !== null && resource.live === 1;
  if (state.wanted === null) {
    return standing
      ? { kind: 'remove', generation: state.generation, resource }
      : { kind: 'settled', generation: state.generation, wanted: null };
  }
  if (standing) {
    const untouched = applied !== null && resource.observedHash === applied.writtenHash;
    return untouched && requestedHash(state.wanted) === applied.requestedHash
      ? { kind: 'settled', generation: state.generation, wanted: state.wanted }
      : { kind: 'update', generation: state.generation, wanted: state.wanted, resource };
  }
  // Somebody removed this life: its name and UID are burned on many servers, so the next life gets new ones.
  const lifeEnded = resource !== null && applied !== null && applied.wanted !== null;
  const generation = lifeEnded && state.generation === input.generation ? state.generation + 1 : state.generation;
  return { kind: 'create', generation, wanted: state.wanted, name: resourceName(input, generation) };
}

/** Names the resource and, with `@kalends` behind it, its UID. */
export function resourceName(
  event: { readonly appId: AppId; readonly calendarId: CalendarId; readonly eventId: string },
  generation: number,
): string {
  return `kalends-${digestName([event.appId, event.calendarId, event.eventId])}-g${generation}`;
}
