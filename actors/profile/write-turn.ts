/** One event's write on its way: what was accepted, what carries it, and the call that is about to be made. */
import type { CalendarId } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import type { EventOfIntents } from '../../domain/sync/agenda.ts';
import type { ManagedEventDoc } from '../../domain/managed-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { foldIntents, type WantedState } from '../../domain/sync/fold.ts';
import type { Activation } from './activation.ts';

/** One event's write: what was accepted, what is recorded of it, and the resource that carries it. */
export interface WriteTurn {
  readonly activation: Activation;
  readonly calendarId: CalendarId;
  /** The calendar's ref. */
  readonly calendar: string;
  readonly eventId: string;
  readonly intents: readonly IntentDoc[];
  readonly applied: ManagedEventDoc | null;
  readonly resource: ResourceDoc | null;
  /** The life of the event that `resource` belongs to; the one that comes next where none is wanted or was ever begun. */
  readonly generation: number;
  /** False for one event of a bulk delete: its intent stays open until no event is left. */
  readonly closes: boolean;
}

/** The call that is about to be made, with the state that it carries out. */
export interface PlannedCall {
  readonly attempt: Attempt;
  readonly state: WantedState;
  readonly body: string | null;
}

export interface EventToWrite extends EventOfIntents {
  /** See `WriteTurn`. */
  readonly closes: boolean;
}

/** The fold that the attempt carried out: its inputs have not changed, since nothing of this event was committed since. */
export function stateOf(turn: WriteTurn, attempt: Attempt): WantedState {
  const start = { generation: turn.generation, wanted: turn.applied?.wanted ?? null };
  return { ...foldIntents(start, turn.intents), generation: attempt.generation };
}
