/** The store as the watch sees it: every write that was done is told, and shown in one line for people. */
import type { CommitDoc } from '../../domain/commit.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';
import { passingOn } from '../support/passing-on.ts';

type Told = (collection: unknown, document: unknown) => void;

export interface Seen {
  readonly stored: Told;
  readonly projected: Told;
  /** One of those that are kept for good. */
  readonly removed: (what: string) => void;
}

/** What a process may remove: a checkpoint of a calendar that is gone, what left the horizon, old deliveries. */
const removable: ReadonlySet<string> = new Set(['checkpoints', 'events', 'oldDeliveries']);

export function watched(inner: Documents, { stored, projected, removed }: Seen): Documents {
  return {
    ...passingOn(inner),
    remove: (collection, ids, durability) => {
      if (!removable.has(collection)) removed(`${collection} ${ids.join()}`);
      return inner.remove(collection, ids, durability);
    },
    removeWhere: (query, params) => {
      if (!removable.has(query)) removed(query);
      return inner.removeWhere(query, params);
    },
    insert: async (collection, document) => {
      await inner.insert(collection, document);
      stored(collection, document);
    },
    insertMany: async (collection, documents) => {
      const { taken } = await inner.insertMany(collection, documents);
      for (const one of documents) if (!taken.includes(one._id)) stored(collection, one);
      return { taken };
    },
    replace: async (collection, document, rev, durability) => {
      const done = await inner.replace(collection, document, rev, durability);
      if (done) stored(collection, document);
      return done;
    },
    upsertMany: async (collection, documents, durability) => {
      await inner.upsertMany(collection, documents, durability);
      for (const one of documents) projected(collection, one);
    },
  };
}

export function lineOf(collection: unknown, document: unknown): string {
  if (collection === 'commits') {
    const { profileId, seq, cause, changes } = document as CommitDoc;
    const shown = changes.map((one) =>
      one.kind === 'resource_put'
        ? `put ${one.ref} ${one.differs ? '' : 'same '}${/^SUMMARY:.*$/m.exec(one.body)?.[0] ?? ''}`
        : JSON.stringify(one),
    );
    return `  ${profileId} commit ${seq} ${cause}: ${shown.join('; ').replaceAll('\r', '')}`;
  }
  if (collection === 'intents') {
    const { _id, state, wish, reason, attempt, mergedInto } = document as IntentDoc;
    return `  intent ${_id} ${state} ${JSON.stringify({ wish, reason, attempt, mergedInto })}`;
  }
  if (collection === 'profiles') {
    const { _id, state, projectedSeq, requests } = document as ProfileDoc;
    return `  ${_id} ${state.name} ${projectedSeq} ${JSON.stringify(requests)}`;
  }
  return `  ${String(collection)} ${JSON.stringify(document)}`;
}
