/** The breaker of the calendar server: an operator has its removals held, and lets them go again; and what it is met by meanwhile. */
import type { CommitDoc } from '../../domain/commit.ts';
import type { BaselineDoc } from '../../domain/sync/sentinel/baseline.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import { sayOfBreaker } from '../../services/ops/sentinel.ts';
import type { Documents } from '../../store/documents.ts';
import { modelHttp } from '../support/caldav-model/http.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import type { Seeded } from '../support/seeded.ts';
import type { SimulatedNode } from './node.ts';
import type { Scheduler } from './scheduler.ts';

export interface OperatorWorld {
  readonly documents: Documents;
  readonly server: ModelServer;
  readonly scheduler: Scheduler;
  readonly die: Seeded;
  /** Those that hear of it at once. */
  readonly nodes: () => readonly SimulatedNode[];
}

/** As `kalends ops sentinel` says it. */
export async function tellBreaker(world: OperatorWorld, word: 'hold' | 'release'): Promise<void> {
  const { documents, server, scheduler, die: random, nodes } = world;
  const clock = scheduler.clock(null, () => 0);
  const caldav = createCalDav({ http: modelHttp(server, clock), clock, random });
  const breakerMoved = (): void => nodes().forEach((node) => node.breakersMoved());
  await sayOfBreaker({ documents, clock, provider: () => caldav, breakerMoved }, { word, provider: 'caldav' });
}

/** Every node knows by then: two of its looks, one of which the store may have refused, and what was begun before. */
const heardAfterMs = 8 * 60_000;

/** What comes while removals are held; a run of many seeds has had all of it. */
export const underBreaker = [
  'a delta names what is gone',
  'a listing leaves out what is gone',
  'a request finds what is gone',
  'a write waits',
  'an own delete is carried out',
  'a person moves what an application wrote',
  'a calendar is missing',
  'a process dies or is cut off',
] as const;
export type UnderBreaker = (typeof underBreaker)[number];

export interface BreakerWatch {
  stored(baseline: BaselineDoc): void;
  checkpointStored(checkpoint: CheckpointDoc): void;
  /** Of the calendar server. */
  appended(commit: CommitDoc): void;
  /** It came, if removals are held just now. */
  came(what: UnderBreaker): void;
  readonly met: ReadonlySet<UnderBreaker>;
}

const heldBy = {
  tombstone: 'a delta names what is gone',
  absent: 'a listing leaves out what is gone',
  direct_404: 'a request finds what is gone',
} as const satisfies Record<CheckpointDoc['held'][number]['reason'], UnderBreaker>;

export function createBreakerWatch(
  now: () => number,
  violated: (invariant: string, what: string) => void,
): BreakerWatch {
  let sinceMs = Infinity;
  const met = new Set<UnderBreaker>();
  const held = new Map<string, ReadonlySet<string>>();
  const came = (what: UnderBreaker): void => {
    if (sinceMs <= now()) met.add(what);
  };

  return {
    met,
    came,
    stored({ provider, breaker }) {
      if (provider !== 'caldav') return;
      if (breaker.name !== 'holding') sinceMs = Infinity;
      else sinceMs = Math.min(sinceMs, now());
    },
    checkpointStored(checkpoint) {
      const before = held.get(checkpoint._id);
      for (const { ref, reason } of checkpoint.held) if (before?.has(ref) !== true) came(heldBy[reason]);
      held.set(checkpoint._id, new Set(checkpoint.held.map((one) => one.ref)));
    },
    appended({ seq, changes }) {
      const everybodyKnows = now() - sinceMs > heardAfterMs;
      for (const change of changes) {
        if (change.kind !== 'resource_removed' && change.kind !== 'calendar_gone') continue;
        const { evidence } = change;
        // A delete of our own that the server says it carried out claims no absence.
        if (evidence.kind === 'own_write' && evidence.status >= 200 && evidence.status < 300)
          came('an own delete is carried out');
        else if (everybodyKnows)
          violated('I1', `seq ${seq} says ${change.kind} on ${JSON.stringify(evidence)} while removals are held`);
      }
    },
  };
}
