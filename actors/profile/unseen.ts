/** Resources that our own requests showed before any delta did: the next delta must speak of them, or they are asked for. */
import { KalendsError } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { Activation } from './activation.ts';

/** Durable before the resource is recorded as there: a crash in between asks once too often, never once too little. */
export async function noteUnseen({ deps, provider }: Activation, calendarId: CalendarId, ref: string): Promise<void> {
  const checkpoint = provider.capabilities.pull ? await deps.documents.get('checkpoints', calendarId) : null;
  // Without a token there will be a listing, which misses nothing.
  if (checkpoint === null || checkpoint.token === null || checkpoint.unseen.includes(ref)) return;
  const next = { ...checkpoint, unseen: [...checkpoint.unseen, ref], rev: checkpoint.rev + 1 };
  if (await deps.documents.replace('checkpoints', next, checkpoint.rev)) return;
  throw new KalendsError('second_owner', `the checkpoint of ${calendarId} was changed by somebody else`, {
    ids: { calendar: calendarId },
  });
}
