/** The boundaries between two durable things or two messages, as places where a process may die. */
import type { CommitDoc } from '../../domain/commit.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { BegunScope, ProfileDoc } from '../../domain/profile.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { Http } from '../../providers/http.ts';
import type { Around } from '../../services/wiring.ts';
import type { CollectionName } from '../../store/collections.ts';
import type { Documents } from '../../store/documents.ts';
import { passingOn } from '../support/passing-on.ts';

/** In the order in which a write meets them, then those of pulls, turns and deliveries. */
export const boundaries = [
  'accepted: intent durable, 202 not sent',
  'accepted: 202 sent',
  'attempt recorded, request not sent',
  'request under way',
  "provider's 2xx received, nothing recorded",
  'armed, write not appended',
  'write appended, not projected',
  'mid-projection: events written, managed events not',
  'mid-projection: managed events written, resources not',
  'projected, intents not settled',
  'intents half settled',
  'pull appended, not projected',
  'mid-projection: events of a calendar laid out again, calendar not',
  'page projected, checkpoint not stored',
  'projected, not disarmed',
  'mid-delivery: webhook counted, not sent',
  'mid-delivery: webhook answered, not recorded',
] as const;

export type Boundary = (typeof boundaries)[number];

/** Killed from outside, since no part of the process knows when an answer has left. */
export const fromOutside: Boundary = 'accepted: 202 sent';

export interface Watcher {
  /** The process is at this place now. */
  pass(boundary: Boundary): void;
  /** True: the process is to die while this request is under way. */
  duringRequest(): boolean;
  die(): never;
  /** Intents that are neither settled nor forgotten, as the store holds them. */
  opened(count: number): void;
  accepted(): void;
  settled(): void;
}

export function aroundWith(watcher: Watcher, webhookOrigin: string): Around {
  return {
    documents: (inner) => watchedDocuments(inner, watcher),
    http: (inner) => watchedHttp(inner, watcher, webhookOrigin),
  };
}

/** A profile's turn, as far as what it stores tells. */
interface Turn {
  /** What it asks for; null between turns. */
  readonly scope: BegunScope | null;
  /** The last one that it appended; null while it projects what an earlier process left. */
  commit: CommitDoc | null;
  /** Some of that commit's events are projected. */
  eventsWritten: boolean;
}

function watchedDocuments(inner: Documents, watcher: Watcher): Documents {
  const turns = new Map<ProfileId, Turn>();
  const turnOf = (profileId: ProfileId): Turn => {
    const turn = turns.get(profileId) ?? { scope: null, commit: null, eventsWritten: false };
    turns.set(profileId, turn);
    return turn;
  };

  return {
    ...passingOn(inner),
    insertMany: (collection, documents) => inner.insertMany(collection, documents),
    remove: (collection, ids, durability) => inner.remove(collection, ids, durability),
    removeWhere: (query, params) => inner.removeWhere(query, params),
    open: async () => {
      await inner.open();
      watcher.opened(await inner.count('openIntents', { open: 1, seen: [null, 1] }));
    },
    insert: async (collection, document) => {
      const commit = collection === 'commits' ? (document as unknown as CommitDoc) : null;
      if (commit?.cause === 'write') watcher.pass('armed, write not appended');
      await inner.insert(collection, document);
      if (collection === 'intents') {
        watcher.accepted();
        watcher.pass('accepted: intent durable, 202 not sent');
      }
      if (commit === null) return;
      Object.assign(turnOf(commit.profileId), { commit, eventsWritten: false });
      if (commit.cause === 'write') watcher.pass('write appended, not projected');
      if (commit.cause === 'pull') watcher.pass('pull appended, not projected');
    },
    replace: async (collection, document, expectedRev, durability) => {
      if (collection === 'profiles') {
        const profile = document as unknown as ProfileDoc;
        if (profile.nextWakeAtMs > Date.now()) watcher.pass('projected, not disarmed');
        turns.set(profile._id, { scope: profile.begun?.scope ?? null, commit: null, eventsWritten: false });
      }
      if (collection === 'checkpoints') {
        // Writes leave something in checkpoints as well.
        const { scope, commit } = turnOf((document as unknown as CheckpointDoc).profileId);
        if (scope?.kind === 'calendar' && commit !== null) watcher.pass('page projected, checkpoint not stored');
      }
      const done = await inner.replace(collection, document, expectedRev, durability);
      if (collection === 'intents' && done) passIntent(document as unknown as IntentDoc, watcher);
      return done;
    },
    upsertMany: async (collection, documents, durability) => {
      const [first] = documents as unknown as readonly { readonly profileId: ProfileId }[];
      const turn = first === undefined ? null : turnOf(first.profileId);
      // Of a commit that changes calendars no events are written but those that are laid out again.
      if (collection === 'calendars' && turn?.eventsWritten === true)
        watcher.pass('mid-projection: events of a calendar laid out again, calendar not');
      await inner.upsertMany(collection, documents, durability);
      if (turn === null || turn.commit === null) return;
      if (collection === 'events') turn.eventsWritten = true;
      if (isOwnWrite(turn.commit)) passProjected(collection, watcher);
    },
  };
}

/** What was written for intents, into the calendar: their event, its managed event and its resource are projected. */
const isOwnWrite = ({ cause, changes }: CommitDoc): boolean =>
  cause === 'write' &&
  changes.some((one) => one.kind === 'managed') &&
  changes.some((one) => one.kind === 'resource_put' || one.kind === 'resource_removed');

function passProjected(collection: CollectionName, watcher: Watcher): void {
  if (collection === 'events') watcher.pass('mid-projection: events written, managed events not');
  if (collection === 'managed_events') watcher.pass('mid-projection: managed events written, resources not');
  if (collection === 'resources') watcher.pass('projected, intents not settled');
}

function passIntent(intent: IntentDoc, watcher: Watcher): void {
  if (intent.open === 0) watcher.settled();
  if (intent.attempt !== null && intent.open === 1) watcher.pass('attempt recorded, request not sent');
  // The last of a group is written, the others are merged into it: more are to come.
  if (intent.state === 'merged') watcher.pass('intents half settled');
}

function watchedHttp(inner: Http, watcher: Watcher, webhookOrigin: string): Http {
  return async (request) => {
    if (request.url.startsWith(webhookOrigin)) {
      watcher.pass('mid-delivery: webhook counted, not sent');
      const answer = await inner(request);
      watcher.pass('mid-delivery: webhook answered, not recorded');
      return answer;
    }
    if (request.method !== 'PUT' && request.method !== 'DELETE') return inner(request);
    const answering = inner(request);
    if (watcher.duringRequest()) {
      await new Promise((resolve) => setTimeout(resolve, 8));
      watcher.die();
    }
    const answer = await answering;
    if (answer.status < 300) watcher.pass("provider's 2xx received, nothing recorded");
    return answer;
  };
}
