/** Storing checkpoints: under a revision, so that of two owners one finds out. */
import { KalendsError, isKalendsError } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import { emptyCheckpoint, sameCheckpoint, type CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { Activation } from './activation.ts';

export async function readCheckpoint({ deps, profile }: Activation, calendarId: CalendarId): Promise<CheckpointDoc> {
  return (await deps.documents.get('checkpoints', calendarId)) ?? emptyCheckpoint(calendarId, profile._id);
}

/** Stores `checkpoint` over `stored` where they differ, and answers it as it is stored then; durable with what comes next. */
export async function replaceCheckpoint(
  { deps }: Activation,
  stored: CheckpointDoc,
  checkpoint: CheckpointDoc,
): Promise<CheckpointDoc> {
  if (sameCheckpoint(stored, checkpoint) && stored.rev > 0) return stored;
  const next = { ...checkpoint, rev: stored.rev + 1 };
  if (stored.rev === 0) await insertFirst(deps.documents, next);
  else if (!(await deps.documents.replace('checkpoints', next, stored.rev, 'with_next'))) throw overtaken(next);
  return next;
}

async function insertFirst(documents: Activation['deps']['documents'], first: CheckpointDoc): Promise<void> {
  try {
    await documents.insert('checkpoints', first);
  } catch (error) {
    if (isKalendsError(error) && error.code === 'duplicate_key') throw overtaken(first);
    throw error;
  }
}

const overtaken = ({ _id }: CheckpointDoc): KalendsError =>
  new KalendsError('second_owner', `the checkpoint of ${_id} was changed by somebody else; it is read again`, {
    ids: { calendar: _id },
  });
