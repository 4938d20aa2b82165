/** Profiles on disk without anything due, and the real supervisor that looks at them. */
import type { ProfileDeps } from '../../actors/profile/activation.ts';
import { createHosts } from '../../actors/profile/hosts.ts';
import { createSupervisor } from '../../actors/profile/supervisor.ts';
import { createHost } from '../../actors/runtime/host.ts';
import { horizon, polling, runtime } from '../../config/policies.ts';
import {
  asAccountId,
  asProfileId,
  calendarIdOf,
  slotCount,
  slotOf,
  type AppId,
  type ProfileId,
} from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import type { CalendarWork, ProfileDoc } from '../../domain/profile.ts';
import { horizonDayOf } from '../../domain/projection/horizon.ts';
import { projectorVersion } from '../../domain/projection/project.ts';
import { zoneDataVersion } from '../../domain/time/iana.ts';
import { systemClock, systemRandom } from '../../services/system-clock.ts';
import { createCommitLog } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createMemoryProvider } from '../../test/support/memory-provider.ts';

const monthMs = 30 * 86_400_000;
const idOf = (n: number): ProfileId => asProfileId(`pro_${String(n).padStart(26, '0')}`);

/** Two live calendars, which are not due for a month. */
function idleProfile(n: number, nowMs: number): ProfileDoc {
  const _id = idOf(n);
  const slot = slotOf(_id);
  const work: CalendarWork = {
    state: { name: 'live' },
    nextPollAtMs: nowMs + monthMs,
    changedAtMs: nowMs,
    failures: 0,
    readAtMs: nowMs,
    freshAtMs: nowMs,
  };
  return {
    _id,
    rev: 1,
    appId: 'app_00000000000000000000000000' as AppId,
    accountId: asAccountId(`acc_${String(n).padStart(26, '0')}`),
    provider: 'memory',
    name: `person-${n}@example.com`,
    login: _id,
    email: null,
    credentials: null,
    root: { home: 'memory' },
    state: { name: 'live' },
    requests: [],
    calendars: { [calendarIdOf(_id, 'work/')]: work, [calendarIdOf(_id, 'home/')]: work },
    nextListAtMs: nowMs + monthMs,
    missingCalendars: [],
    horizonDay: horizonDayOf(nowMs, slot, slotCount),
    zoneData: zoneDataVersion(),
    projector: projectorVersion,
    slot,
    nextWakeAtMs: nowMs,
    projectedSeq: 0,
    projectedAtMs: nowMs,
    attemptedThroughN: 0,
    initialSyncAtMs: nowMs,
    freshAtMs: nowMs,
    createdAtMs: nowMs,
  };
}

const insertedAtOnce = 1_000;

export async function fillStore(n: number, path: string): Promise<void> {
  const documents = openSqlite({ path });
  await documents.open();
  const nowMs = Date.now();
  for (let at = 0; at < n; at += insertedAtOnce) {
    const count = Math.min(insertedAtOnce, n - at);
    await documents.insertMany(
      'profiles',
      Array.from({ length: count }, (_, k) => idleProfile(at + k, nowMs)),
    );
  }
  await documents.close();
}

let store: Documents | null = null;

export async function openStore(path: string): Promise<void> {
  store = openSqlite({ path });
  await store.open();
}

function opened(): Documents {
  if (store === null) throw new Error('openStore comes first');
  return store;
}

/** One turn of the real supervisor for each; proven are those that ran it, asked nobody, and left nothing in memory. */
export async function activateProfiles(n: number) {
  const documents = opened();
  const { provider, world } = createMemoryProvider();
  const failures: unknown[] = [];
  let activated = 0;
  const normalise = createNormalise();
  const deps: ProfileDeps = {
    documents,
    normalise,
    clock: systemClock,
    random: systemRandom,
    log: createCommitLog({ documents, normalise, clock: systemClock, horizon }),
    providers: () => provider,
    polling,
    // Asked for once in each activation of a profile that is there.
    credentials: () => {
      activated += 1;
      return { kind: 'none' };
    },
    hosts: createHosts({ documents, clock: systemClock, random: systemRandom }),
    mayWrite: () => true,
    projected: () => undefined,
    report: (what, facts) => void failures.push({ what, facts }),
  };
  const host = createHost<ProfileId>({
    behaviour: createSupervisor(deps),
    clock: systemClock,
    random: systemRandom,
    concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns },
    owns: () => true,
    onError: (error) => void failures.push(error),
  });
  host.start();
  for (let k = 0; k < n; k += 1) host.nudge(idOf(k), 'pull');
  await host.idle();
  if (failures.length > 0 || world.calls.length > 0)
    throw new Error(`turns that should have been idle: ${JSON.stringify([failures[0], world.calls[0]])}`);
  const { turns, active } = host.stats();
  return { kept: { host, deps }, proven: Math.min(activated, turns - active) };
}

export async function readProfiles(n: number) {
  const documents = opened();
  let proven = 0;
  for (let k = 0; k < n; k += 1) if ((await documents.get('profiles', idOf(k)))?._id === idOf(k)) proven += 1;
  return { kept: documents, proven };
}
