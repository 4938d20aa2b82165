/** What an application's writes come to: folded in the order of their acceptance, by what was asked for, not by what was made of it. */
import type { IntentDoc } from '../../domain/intent.ts';
import type { Application, Asking } from './application.ts';

/** Null: it is not to be there. */
export type Wished = Asking | null;

/** By operation id, in the order of acceptance. */
export type Ended = ReadonlyMap<string, IntentDoc>;

/** A write was lost, or is still open: told, each by what is wrong with it. */
export function unended({ accepted }: Application, intents: Ended): readonly string[] {
  return accepted.flatMap(({ operationId, event }) => {
    const intent = intents.get(operationId);
    if (intent === undefined) return [`the accepted write ${operationId} of ${event} is lost`];
    return intent.open === 1 ? [`the accepted write ${operationId} of ${event} is still open`] : [];
  });
}

/**
 * `calendar event` → what the writes that were done want of it, all of them folded: one wish, or several where nobody can
 * tell; of an event of which none was done, that it is not there. A write may have ended with the word that nobody knows
 * whether it was done; a bulk delete that was given up on the way has ended some of its events, and one leaves out what a
 * calendar holds that is gone just then (`wasGone`).
 */
export function wishesOf(
  { asked }: Application,
  intents: Ended,
  wasGone: (calendarId: string, intent: IntentDoc) => boolean,
): ReadonlyMap<string, readonly Wished[]> {
  const wishes = new Map<string, readonly Wished[]>();
  for (const intent of intents.values()) {
    const { wish } = intent;
    const outcome = outcomeOf(intents, intent);
    const done = outcome?.state === 'written';
    if (wish.kind === 'delete_all') {
      for (const [key, before] of wishes) {
        const [calendarId = ''] = key.split(' ');
        if (!isNamed(wish.calendarIds, calendarId)) continue;
        wishes.set(key, done && !wasGone(calendarId, intent) ? [null] : [...before, null]);
      }
    }
    if (wish.kind !== 'upsert' && wish.kind !== 'delete') continue;
    const key = `${wish.calendarId} ${wish.eventId}`;
    const before = wishes.get(key) ?? [null];
    wishes.set(key, before);
    const unknown = outcome?.reason?.description.endsWith('the outcome of its last attempt is not known') === true;
    // A repair asks for nothing.
    const asking = wish.kind === 'delete' ? null : asked.get(wish.patch.summary?.split(' ')[0] ?? '');
    if ((!done && !unknown) || asking === undefined) continue;
    const after = before.map((one) => (asking === null ? null : { ...one, ...asking }));
    wishes.set(key, unknown ? [...before, ...after] : after);
  }
  return wishes;
}

export const isNamed = (calendarIds: readonly string[] | null, calendarId: string): boolean =>
  calendarIds === null || calendarIds.includes(calendarId);

/** A merged write shares the outcome of the one that took it along. */
export const outcomeOf = (all: Ended, intent: IntentDoc): IntentDoc | undefined => takenAlong(all, intent).at(-1);

/** The write itself, the one that took it along, the one that took that along, … */
export function takenAlong(all: Ended, intent: IntentDoc): readonly (IntentDoc | undefined)[] {
  const path: (IntentDoc | undefined)[] = [intent];
  for (let one = path.at(-1); one?.state === 'merged' && path.length < 1_000; one = path.at(-1))
    path.push(all.get(one.mergedInto ?? ''));
  return path;
}
