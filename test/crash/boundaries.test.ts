/** The boundaries are what they are called: what only looks like one of them is passed in silence. */
import { expect, it } from 'vitest';
import type { CommitDoc } from '../../domain/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { aroundWith, type Boundary } from './boundaries.ts';

const profileId = 'pro_a';

/** A store that does nothing, and what is passed at it. */
function watched() {
  const passed: Boundary[] = [];
  const ignored = (): void => undefined;
  const watcher = {
    pass: (boundary: Boundary) => void passed.push(boundary),
    duringRequest: () => false,
    die: () => {
      throw new Error('nobody dies here');
    },
    opened: ignored,
    accepted: ignored,
    settled: ignored,
  };
  const inner = new Proxy({} as Documents, { get: () => () => Promise.resolve(true) });
  const documents = aroundWith(watcher, 'http://127.0.0.1:9/').documents?.(inner) ?? inner;
  const row = { _id: 'a', profileId } as never;
  return {
    passed,
    append: (cause: CommitDoc['cause'], ...kinds: string[]) =>
      documents.insert('commits', { ...(row as object), cause, changes: kinds.map((kind) => ({ kind })) } as never),
    project: async (...collections: ('events' | 'managed_events' | 'resources' | 'calendars')[]) => {
      for (const one of collections) await documents.upsertMany(one, [row]);
    },
    begin: (kind: 'calendar' | 'event' | null) =>
      documents.replace('profiles', { _id: profileId, begun: kind === null ? null : { scope: { kind } } } as never, 1),
    storeCheckpoint: () => documents.replace('checkpoints', row, 1),
  };
}

it('calls a page projected once one was, by a pull', async () => {
  const { passed, begin, append, project, storeCheckpoint } = watched();
  await begin('calendar');
  await storeCheckpoint();
  expect(passed).toEqual([]);
  await append('pull', 'resource_put');
  await project('events', 'managed_events', 'resources');
  await storeCheckpoint();
  expect(passed).toEqual(['pull appended, not projected', 'page projected, checkpoint not stored']);
  await begin(null);
  await storeCheckpoint();
  await begin('event');
  await append('pull', 'resource_put');
  await storeCheckpoint();
  expect(passed.slice(2)).toEqual(['pull appended, not projected']);
});

it('waits in the middle of a projection of what was written for intents, and of nothing else', async () => {
  const { passed, append, project } = watched();
  // What an earlier process left, then what shows nothing but an outcome, and an echo that a pull has found.
  await project('events', 'managed_events', 'resources');
  await append('write', 'managed');
  await project('managed_events', 'resources');
  await append('write', 'resource_put');
  await project('events', 'managed_events', 'resources');
  expect(new Set(passed)).toEqual(new Set(['armed, write not appended', 'write appended, not projected']));
  passed.length = 0;
  await append('write', 'resource_put', 'managed');
  await project('events', 'managed_events', 'resources');
  expect(passed.slice(2)).toEqual([
    'mid-projection: events written, managed events not',
    'mid-projection: managed events written, resources not',
    'projected, intents not settled',
  ]);
});

it('takes a calendar for laid out again when events were written for it', async () => {
  const { passed, append, project } = watched();
  await append('pull', 'calendar_put');
  await project('calendars');
  expect(passed).toEqual(['pull appended, not projected']);
  await append('pull', 'calendar_put');
  await project('events', 'calendars');
  expect(passed.slice(2)).toEqual(['mid-projection: events of a calendar laid out again, calendar not']);
});
