/** Recording what a calendar showed, together with where that says that managed events have gone. */
import type { Change, ChangeOf } from '../../domain/commit.ts';
import type { CalendarId } from '../../domain/ids.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { isOwnUid } from '../../domain/sync/body.ts';
import { movesIn } from '../../domain/sync/moves.ts';
import type { Batch } from '../../store/commit.ts';
import { record, type Activation } from './activation.ts';

/** In one batch: a crash must not come between a removal and the word that it was none. */
export async function recordShown(activation: Activation, calendarId: CalendarId, batch: Batch): Promise<void> {
  const moves = await movesOf(activation, calendarId, batch.changes);
  await record(activation, { ...batch, changes: [...batch.changes, ...moves] });
}

async function movesOf(
  activation: Activation,
  calendarId: CalendarId,
  changes: readonly Change[],
): Promise<readonly Change[]> {
  const { documents, normalise } = activation.deps;
  const uidOf = (put: ChangeOf<'resource_put'>): string | null => normalise(put.format, put.body).uid;
  const shown = changes.flatMap((one) => (one.kind === 'resource_put' && one.differs ? [uidOf(one)] : []));
  const removed = changes.flatMap((one) => (one.kind === 'resource_removed' ? [one.resourceId] : []));
  const gone = removed.length === 0 ? [] : await documents.getMany('resources', removed);
  const uids = [...shown, ...gone.map((one) => one.uid)].filter((uid) => uid !== null && isOwnUid(uid));
  if (uids.length === 0) return [];
  const cached = await documents.find('resourcesByUid', { calendarId, uid: [...new Set(uids)] });
  const keys = cached.flatMap(({ eventId }) => (eventId === null ? [] : [managedKey(calendarId, eventId)]));
  if (keys.length === 0) return [];
  const managed = await documents.getMany('managed_events', [...new Set(keys)]);
  return movesIn({ changes, cached, managed, uidOf });
}
