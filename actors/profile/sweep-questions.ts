/** What the sweeps ask the store: who is due, whom a host lets in, for whom an accepted write waits unseen. */
import type { ProfileId } from '../../domain/ids.ts';
import type { Documents } from '../../store/documents.ts';
import { slotsOwned } from '../runtime/slots.ts';
import type { SweepOptions } from '../runtime/wakeups.ts';
import type { Hosts } from './hosts.ts';

type Questions = Pick<SweepOptions<ProfileId>, 'dueIds' | 'idsWithOpenIntents'>;

export interface SweepQuestionsOptions {
  readonly documents: Documents;
  readonly hosts: Hosts;
  /** Asked at each sweep: profiles of other nodes' slots take no place in the batch. */
  readonly ownsSlot: (slot: number) => boolean;
}

export function createSweepQuestions({ documents, hosts, ownsSlot }: SweepQuestionsOptions): Questions {
  /** Where the last sweep left off among more due profiles than it could take. */
  let afterMs: number | null = null;

  /** The longest due first; where these fill the batch, those behind them in turns: who cannot run hides nobody. */
  async function due(nowMs: number, limit: number, share: { readonly slot?: readonly number[] }) {
    const first = await documents.find('dueProfiles', { nextWakeAtMs: { lte: nowMs }, ...share }, { limit });
    const lastMs = first.at(-1)?.nextWakeAtMs ?? nowMs;
    if (first.length < limit) return first;
    const range = { gt: Math.max(afterMs ?? lastMs, lastMs), lte: nowMs };
    const next = await documents.find('dueProfiles', { nextWakeAtMs: range, ...share }, { limit });
    afterMs = next.length < limit ? null : (next.at(-1)?.nextWakeAtMs ?? null);
    return [...first, ...next];
  }

  return {
    async dueIds(nowMs, limit) {
      const slots = slotsOwned(ownsSlot);
      if (slots?.length === 0) return [];
      const admitted = await hosts.admit(slots);
      const found = await due(nowMs, limit, slots === null ? {} : { slot: slots });
      return [...admitted, ...found.map((one) => one._id)];
    },
    async idsWithOpenIntents(after, limit) {
      const range = after === null ? {} : { profileId: { gt: after } };
      const intents = await documents.find('openIntents', { open: 1, seen: null, ...range }, { limit });
      return [...new Set(intents.map((one) => one.profileId))];
    },
  };
}
