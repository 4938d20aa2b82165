/** A round: a first sync, then polls with news and polls without. */
import type { ProfileDeps } from '../../actors/profile/activation.ts';
import { createHosts } from '../../actors/profile/hosts.ts';
import { createSupervisor } from '../../actors/profile/supervisor.ts';
import { createHost, type Host } from '../../actors/runtime/host.ts';
import { createSentinel } from '../../actors/sentinel/sentinel.ts';
import { horizon, polling, sentinel as numbers } from '../../config/policies.ts';
import { asAccountId, asProfileId, type AppId, type ProfileId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { createCommitLog } from '../../store/commit.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { worldOf, type Over, type World } from './worlds.ts';

export interface Round {
  /** Of the processor, in the turns alone, without what the other side took. */
  readonly cpuMs: number;
  readonly requests: Readonly<Record<string, number>>;
  /** Live resources at the end, and commits on the way there. */
  readonly resources: number;
  readonly commits: number;
}

const startMs = Date.UTC(2026, 10, 20, 8);
const pollMs = 5 * 60_000;
const profileId = asProfileId('pro_bench');
const calendars = ['work/', 'home/', 'team/', 'travel/'] as const;
/** Polls with news, each followed by two without. */
const polls = 10;

function bodyOf(uid: string, summary: string): string {
  const lines = ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20261101T000000Z', 'DTSTART:20261125T090000Z', 'DURATION:PT1H'];
  const all = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//bench//EN', ...lines, `SUMMARY:${summary}`];
  return [...all, `DESCRIPTION:${'what was agreed '.repeat(20)}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
}

/** A tenth of what is there changes, some is new, two are cancelled: fewer than the guard would hold. */
function edit(world: World, poll: number, size: number): void {
  for (const calendar of calendars) {
    for (let k = 0; k < size / 10; k += 1) {
      const n = 20 + ((poll * 31 + k * 7) % (size - 20));
      world.put(calendar, `e${n}.ics`, bodyOf(`${calendar}${n}`, `Changed ${poll}`));
    }
    for (let k = 0; k < size / 50; k += 1)
      world.put(calendar, `n${poll}-${k}.ics`, bodyOf(`${calendar}n${poll}-${k}`, `New ${poll}`));
    world.remove(calendar, `e${poll}.ics`);
    world.remove(calendar, `e${poll + polls}.ics`);
  }
}

export interface RoundOptions {
  /** Events of each of the four calendars. */
  readonly size: number;
  readonly safe: boolean;
  readonly over: Over;
}

export async function syncRound({ size, safe, over }: RoundOptions): Promise<Round> {
  const clock = createFakeClock(startMs);
  const world = worldOf(over, clock, calendars);
  for (const calendar of calendars) {
    for (let k = 0; k < size; k += 1) world.put(calendar, `e${k}.ics`, bodyOf(`${calendar}${k}`, `Event ${k}`));
  }
  const documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
  await documents.insert('profiles', { ...profile, ...world.profile });
  const failures: unknown[] = [];
  const report = (what: string, facts: object): void => void failures.push({ what, facts });
  const sentinel = createSentinel({ documents, clock, numbers, report });
  const host = hostOf({ documents, clock, report, ...(safe ? { sentinel } : {}) }, world);
  host.start();
  let cpuMs = 0;
  const poll = async (): Promise<void> => {
    const [before, others] = [process.cpuUsage(), world.cpuMs()];
    host.nudge(profileId, 'pull');
    await host.idle();
    // Far more often than in life, where one flush writes down what hundreds of calendars counted.
    if (safe) await sentinel.flush();
    const { user, system } = process.cpuUsage(before);
    cpuMs += (user + system) / 1_000 - (world.cpuMs() - others);
    await clock.advance(pollMs);
  };
  await poll();
  for (let k = 0; k < polls; k += 1) {
    edit(world, k, size);
    for (let again = 0; again < 3; again += 1) await poll();
  }
  if (failures.length > 0) throw new Error(`a healthy sync failed: ${JSON.stringify(failures[0])}`);
  const resources = await documents.count('resourcesOfProfile', { profileId, live: 1 });
  const commits = await documents.count('commitsOfProfile', { profileId });
  const expected = world.size();
  if (resources !== expected) throw new Error(`${resources} resources are cached, ${expected} are there`);
  await host.stop();
  await documents.close();
  return { cpuMs, requests: world.requests(), resources, commits };
}

type Parts = Pick<ProfileDeps, 'documents' | 'clock' | 'report' | 'sentinel'>;

function hostOf(parts: Parts, { provider, credentials }: World): Host<ProfileId> {
  const normalise = createNormalise();
  const { documents, clock, report } = parts;
  const random = (): number => 0.5;
  return createHost<ProfileId>({
    behaviour: createSupervisor({
      ...parts,
      hosts: createHosts({ documents, clock, random }),
      log: createCommitLog({ documents, normalise, clock, horizon }),
      providers: () => provider,
      credentials: () => credentials,
      normalise,
      random,
      polling: { ...polling, activeMs: pollMs, quietMs: pollMs, listMs: 1_000 * pollMs },
      mayWrite: () => true,
      projected: () => undefined,
    }),
    clock,
    random,
    concurrency: { pull: 1, write: 1 },
    owns: () => true,
    onError: (error) => report('a turn threw', { error: String(error) }),
  });
}

const profile: Omit<ProfileDoc, 'provider' | 'root'> = {
  _id: profileId,
  rev: 1,
  appId: 'app_bench' as AppId,
  accountId: asAccountId('acc_bench'),
  name: 'someone',
  login: 'someone',
  email: null,
  credentials: null,
  state: { name: 'connecting' },
  requests: [],
  calendars: {},
  nextListAtMs: startMs,
  missingCalendars: [],
  horizonDay: null,
  zoneData: null,
  projector: 1,
  slot: 0,
  nextWakeAtMs: startMs,
  projectedSeq: 0,
  projectedAtMs: startMs,
  attemptedThroughN: 0,
  initialSyncAtMs: null,
  freshAtMs: null,
  createdAtMs: startMs,
};
