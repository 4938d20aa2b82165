/** Folding: patches of one event, in order of acceptance, become the one state that the application wants. */
import type { IntentDoc } from '../intent.ts';
import type { RequestedFields, RequestedPerson } from '../managed-event.ts';

export interface WantedState {
  /** Separates two lives of one `event_id`; advanced by each delete of something that was wanted. */
  readonly generation: number;
  /** Null: nothing is wanted, the event is to be absent. */
  readonly wanted: RequestedFields | null;
}

const nothing: RequestedFields = {};

/**
 * The wanted state after `intents`, which are of one event and sorted by n. A delete resets to nothing with a new
 * generation; a delete of nothing changes nothing, so repeats are harmless.
 */
export function foldIntents(applied: WantedState, intents: readonly IntentDoc[]): WantedState {
  let state = applied;
  for (const intent of intents) {
    // It writes again what is wanted as it is, and begins no life where a delete came before it.
    if (intent.repair === true) continue;
    if (intent.wish.kind === 'upsert') {
      state = { generation: state.generation, wanted: applyPatch(state.wanted ?? nothing, intent.wish.patch) };
    } else if (intent.wish.kind === 'delete' || intent.wish.kind === 'delete_all') {
      state = state.wanted === null ? state : { generation: state.generation + 1, wanted: null };
    }
  }
  return state;
}

/** Omitted fields stay as they were; attendees are a delta: the last word about an address counts. */
function applyPatch(before: RequestedFields, patch: RequestedFields): RequestedFields {
  const { invited, removed, ...fields } = patch;
  const merged: RequestedFields = { ...before, ...fields };
  if (invited === undefined && removed === undefined) return merged;
  const nowInvited = invited ?? [];
  const nowRemoved = removed ?? [];
  const spokenOf = new Set([...nowInvited.map(addressOf), ...nowRemoved.map((email) => email.toLowerCase())]);
  const keptInvited = (before.invited ?? []).filter((person) => !spokenOf.has(addressOf(person)));
  const keptRemoved = (before.removed ?? []).filter((email) => !spokenOf.has(email.toLowerCase()));
  return { ...merged, invited: [...keptInvited, ...nowInvited], removed: [...keptRemoved, ...nowRemoved] };
}

const addressOf = (person: RequestedPerson): string => person.email.toLowerCase();
