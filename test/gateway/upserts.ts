/** Upserts as tests of the gateway send them, and what was accepted of them. */
import { expect } from 'vitest';
import type { IntentDoc } from '../../domain/intent.ts';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { eventsPath, type Answer, type World } from './world.ts';

export interface Writing {
  readonly upsert: (body: unknown, calendarId?: World['calendar']['_id']) => Promise<Answer>;
  readonly lastIntent: () => Promise<IntentDoc>;
  /** What an accepted body becomes. */
  readonly patchOf: (body: object) => Promise<RequestedFields>;
}

export const minimal = { event_id: 'e1', summary: 'Lunch', start: '2026-11-25T12:00:00Z', end: '2026-11-25T13:00:00Z' };

/** `world` answers the one that is open by then. */
export function writingTo(world: () => World): Writing {
  const upsert: Writing['upsert'] = (body, calendarId = world().calendar._id) =>
    world().ask(eventsPath(calendarId), { method: 'POST', body });
  const lastIntent: Writing['lastIntent'] = async () => {
    const { documents, profile } = world();
    const [intent] = await documents.find(
      'intentsOfProfile',
      { profileId: profile._id },
      { descending: true, limit: 1 },
    );
    if (intent === undefined) throw new Error('no intent was accepted');
    return intent;
  };
  const patchOf: Writing['patchOf'] = async (body) => {
    const answer = await upsert({ ...minimal, ...body });
    expect([answer.status, answer.text]).toEqual([202, '']);
    const { wish } = await lastIntent();
    if (wish.kind !== 'upsert') throw new Error('expected an upsert');
    return wish.patch;
  };
  return { upsert, lastIntent, patchOf };
}
