/** Looking at hosts in trouble: since when, why, when they are probed next, and how many profiles wait for them. */
import type { HostDoc } from '../../domain/host.ts';
import type { OpsContext } from './context.ts';
import { iso } from './iso.ts';

export interface HostRow {
  readonly host: string;
  readonly state: string;
  readonly reason: string | null;
  /** ISO 8601, as all times. */
  readonly since: string | null;
  readonly next_probe_at: string | null;
  readonly probes: number;
  readonly waiting_profiles: number;
}

/** None while all are well. */
export async function listHosts({ documents }: Pick<OpsContext, 'documents'>): Promise<readonly HostRow[]> {
  const troubled = await documents.find('troubledHosts', { troubled: 1 });
  return Promise.all(
    troubled.map(async (one) => rowOf(one, await documents.count('profilesWaitingForHost', { waitsFor: one._id }))),
  );
}

function rowOf({ _id, state }: HostDoc, waiting: number): HostRow {
  const since = state.name === 'suspected' ? state.failing[0]?.atMs : 'sinceMs' in state ? state.sinceMs : undefined;
  return {
    host: _id,
    state: state.name,
    reason: 'code' in state ? state.code : null,
    since: iso(since ?? null),
    next_probe_at: state.name === 'broken' ? iso(state.probeAtMs) : null,
    probes: 'probes' in state ? state.probes : 0,
    waiting_profiles: waiting,
  };
}
