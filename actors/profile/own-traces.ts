/** What our own writes leave in a checkpoint: durable beforehand, so that a crash asks once too often, never once too little. */
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { ResourceInput } from '../../domain/machines/item.ts';
import { advance, each } from '../../domain/sync/checkpoint.ts';
import type { Activation } from './activation.ts';
import { readCheckpoint, replaceCheckpoint } from './checkpoint-store.ts';

/** A resource that our own request showed before any delta did: the next delta must speak of it, or it is asked for. */
export async function noteUnseen(activation: Activation, calendarId: CalendarId, ref: string): Promise<void> {
  if (!activation.provider.capabilities.pull) return;
  const stored = await readCheckpoint(activation, calendarId);
  // Without a token there will be a listing, which misses nothing.
  if (stored.token === null || stored.unseen.includes(ref)) return;
  await replaceCheckpoint(activation, stored, { ...stored, unseen: [...stored.unseen, ref] });
}

/**
 * A resource is about to be recorded as it was sent, with the etag of what its server made of it. Until that is recorded
 * as well, nothing but this would ever lead to it: the etags are equal.
 */
export const noteRewritten = (activation: Activation, calendarId: CalendarId, ref: string): Promise<void> =>
  learnOne(activation, calendarId, ref, { kind: 'reported' });

/** A request of ours was answered as if it were gone, while no removal is believed: it is asked for once they are again. */
export const noteHeld = (activation: Activation, calendarId: CalendarId, ref: string): Promise<void> =>
  learnOne(activation, calendarId, ref, { kind: 'nominated', reason: 'direct_404', suspicious: false });

/** What the server made of it has been recorded. */
export const forgetRewritten = (activation: Activation, calendarId: CalendarId, ref: string): Promise<void> =>
  learnOne(activation, calendarId, ref, { kind: 'answered' });

async function learnOne(
  activation: Activation,
  calendarId: CalendarId,
  ref: string,
  input: ResourceInput,
): Promise<void> {
  const { provider, deps } = activation;
  if (!provider.capabilities.pull) return;
  const stored = await readCheckpoint(activation, calendarId);
  const context = { nowMs: deps.clock.now(), random: deps.random, numbers: profileNumbers };
  const { checkpoint } = advance(stored, each([ref], input), context);
  await replaceCheckpoint(activation, stored, checkpoint);
}
