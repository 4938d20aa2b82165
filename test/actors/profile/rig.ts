/** One profile in one process of a test: the real supervisor, host, log and store, over a fake clock and a fallible world. */
import { createSupervisor } from '../../../actors/profile/supervisor.ts';
import type { ProfileDeps } from '../../../actors/profile/activation.ts';
import type { TurnSentinel } from '../../../actors/sentinel/sentinel.ts';
import { createHosts } from '../../../actors/profile/hosts.ts';
import { createHost, type Host, type HostStats } from '../../../actors/runtime/host.ts';
import { horizon, polling, writing } from '../../../config/policies.ts';
import { allScopes, type Scope } from '../../../domain/account.ts';
import { createNormalise } from '../../../domain/normalise.ts';
import {
  asAccountId,
  asProfileId,
  calendarIdOf,
  newOperationId,
  type AppId,
  type CalendarId,
  type GrantId,
  type ProfileId,
} from '../../../domain/ids.ts';
import { newIntent, type IntentDoc, type Wish } from '../../../domain/intent.ts';
import type { RequestedFields } from '../../../domain/managed-event.ts';
import type { ProfileDoc, ProfileRequest } from '../../../domain/profile.ts';
import { createCommitLog } from '../../../store/commit.ts';
import type { Documents } from '../../../store/documents.ts';
import { openSqlite } from '../../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { createPlan, gatedDocuments, gatedProvider, type Cut, type Life, type Plan } from './gate.ts';
import { powered } from './power.ts';
import { memorySide, type OtherSide } from './worlds.ts';

export const startMs = Date.UTC(2026, 10, 20, 8);
export const profileId = asProfileId('pro_rig');
export const accountId = asAccountId('acc_rig');
export const appId = 'app_rig' as AppId;
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Turns at one moment of time beyond which something goes round and round. */
const turnsAtOnceMax = 400;
/** Wake-ups in a short while beyond which the same is true; in a long one, twenty for each minute. */
const wakeUpsMax = 1_000;
/** Turns of the event loop without a question asked: whoever runs now waits for the clock. */
const stillness = 60;

export interface RigOptions<Side extends OtherSide> {
  readonly side?: (clock: FakeClock, random: () => number) => Side;
  readonly cuts?: readonly Cut[];
  readonly seed?: number;
  readonly polling?: Partial<ProfileDeps['polling']>;
  readonly mayWrite?: () => boolean;
  /** With a process dies the power: what is not durable yet is lost. */
  readonly powerLoss?: boolean;
  /** What people do between the death of a process and the start of the next. */
  readonly whileDead?: (other: Side) => void;
  /** More turns at one moment are a hot loop. */
  readonly turnsAtOnceMax?: number;
  /** Counts turns and holds removals; none when absent. */
  readonly sentinel?: (documents: Documents, clock: FakeClock) => TurnSentinel;
  /** How many processes believe at once that they own the profile; 1 when absent. */
  readonly owners?: number;
}

export interface Rig<Side extends OtherSide> {
  readonly clock: FakeClock;
  /** The store itself, past the gate. */
  readonly documents: Documents;
  readonly other: Side;
  readonly plan: Plan;
  /** Every effect that calls had on the other side, e.g. `put work/ kalends-….ics 3f2a…`. */
  readonly effects: readonly string[];
  readonly reports: readonly { readonly what: string; readonly facts: Readonly<Record<string, unknown>> }[];
  /** Errors that ended turns. */
  readonly ended: readonly unknown[];
  calendarId(calendar: string): CalendarId;
  /** As the API does: durable, numbered, nudged with the next `settle` or `pass`. */
  accept(wish: Wish): Promise<IntentDoc>;
  upsert(calendar: string, eventId: string, patch: RequestedFields): Promise<IntentDoc>;
  remove(calendar: string, eventId: string): Promise<IntentDoc>;
  grant(scopes: readonly Scope[]): Promise<void>;
  /** As an operator does. */
  request(request: ProfileRequest): Promise<void>;
  /** Runs until nothing is due now. */
  settle(): Promise<void>;
  /** Lets time pass, with every wake-up that falls into it. */
  pass(ms: number): Promise<void>;
  /** Kills the process between turns; what comes next starts another. */
  kill(): void;
  profile(): Promise<ProfileDoc>;
  intents(): Promise<IntentDoc[]>;
  /** Actors whose turns throw. */
  aside(): number;
  turns(): number;
  /** Writes that were lost with the power. */
  lost(): number;
  close(): Promise<void>;
}

export function createRig(
  options?: RigOptions<ReturnType<typeof memorySide>>,
): Promise<Rig<ReturnType<typeof memorySide>>>;
export function createRig<Side extends OtherSide>(options: RigOptions<Side>): Promise<Rig<Side>>;
export async function createRig<Side extends OtherSide>(options: RigOptions<Side> = {}): Promise<Rig<Side>> {
  const clock = createFakeClock(startMs);
  let dice = options.seed ?? 20_261_120;
  /** Park and Miller's generator: every run is the same. */
  const random = (): number => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647;
  const memory = openSqlite({ path: ':memory:', durable: false });
  const store = options.powerLoss === true ? powered(memory) : { documents: memory, lose: async () => 0 };
  const { documents } = store;
  await documents.open();
  let lost = 0;
  const make = options.side ?? (memorySide as unknown as (clock: FakeClock, random: () => number) => Side);
  const other = make(clock, random);
  const sentinel = options.sentinel?.(documents, clock) ?? null;
  const plan = createPlan(options.cuts);
  const effects: string[] = [];
  const reports: { what: string; facts: Readonly<Record<string, unknown>> }[] = [];
  const ended: unknown[] = [];
  const normaliseWorld = createNormalise();
  let life: Life = { dead: false };
  let hosts: readonly Host<ProfileId>[] = [];
  let turns = 0;

  async function watched<T>(run: () => Promise<T>): Promise<T> {
    const before = flat(other);
    try {
      return await run();
    } finally {
      const after = flat(other);
      for (const [key, body] of after) {
        if (before.get(key) !== body)
          effects.push(`put ${key} ${normaliseWorld('icalendar', body).observedHash.slice(0, 8)}`);
      }
      for (const key of before.keys()) if (!after.has(key)) effects.push(`remove ${key}`);
    }
  }

  function startOne(mine: Life): Host<ProfileId> {
    const normalise = createNormalise();
    const gated = gatedDocuments(documents, plan, mine);
    const provider = gatedProvider(other.provider, plan, mine, watched);
    const deps: ProfileDeps = {
      documents: gated,
      log: createCommitLog({ documents: gated, normalise, clock, horizon }),
      providers: () => provider,
      credentials: () => other.credentials,
      hosts: createHosts({ documents: gated, clock, random }),
      normalise,
      clock,
      random,
      polling: { ...polling, ...options.polling },
      mayWrite: () => options.mayWrite?.() ?? true,
      projected: () => undefined,
      report: (what, facts) => void reports.push({ what, facts }),
      ...(sentinel === null ? {} : { sentinel }),
    };
    const started = createHost<ProfileId>({
      behaviour: createSupervisor(deps),
      clock,
      random,
      concurrency: { pull: 1, write: 1 },
      owns: () => !mine.dead,
      onError: (error) => void (mine.dead || ended.push(error)),
    });
    started.start();
    return started;
  }

  /** The hosts of this life of the process; another life begins when the last one ended. */
  function running(): readonly Host<ProfileId>[] {
    if (hosts.length > 0 && !life.dead) return hosts;
    if (hosts.length > 0) options.whileDead?.(other);
    const mine: Life = { dead: false };
    life = mine;
    turns += sum(hosts, (stats) => stats.turns);
    hosts = Array.from({ length: options.owners ?? 1 }, () => startOne(mine));
    return hosts;
  }

  const turnsSoFar = (): number => turns + sum(hosts, (stats) => stats.turns);
  const aside = (): number => sum(running(), (stats) => stats.aside);
  const busy = (): number =>
    sum(running(), ({ running: now, queued }) => now.pull + now.write + queued.pull + queued.write);

  function nudge(): void {
    for (const host of running()) {
      host.nudge(profileId, 'write');
      host.nudge(profileId, 'pull');
    }
  }

  /** Nudges as the sweeps would, then waits until nobody runs or waits for a turn. */
  async function quiet(): Promise<void> {
    nudge();
    const since = turnsSoFar();
    let asked = plan.asked;
    for (let still = 0; ; still += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (life.dead) {
        lost += await store.lose();
        nudge();
        still = 0;
        continue;
      }
      if (turnsSoFar() - since > (options.turnsAtOnceMax ?? turnsAtOnceMax))
        throw new Error(`a hot loop; ${plan.passages.slice(-12).join(', ')}`);
      if (busy() === 0) return;
      if (plan.asked !== asked) still = 0;
      asked = plan.asked;
      if (still > stillness) {
        await clock.advance(second);
        still = 0;
      }
    }
  }

  async function profile(): Promise<ProfileDoc> {
    const found = await documents.get('profiles', profileId);
    if (found === null) throw new Error('the profile is gone');
    return found;
  }

  /** Turns that throw are tried again by the host, by its own clock. */
  async function settle(): Promise<void> {
    await quiet();
    for (let tries = 0; tries < 10 && aside() > 0; tries += 1) {
      await clock.advance(second);
      await quiet();
    }
    if (aside() > 0) return;
    const { nextWakeAtMs } = await profile();
    if (nextWakeAtMs <= clock.now()) throw new Error('a hot loop: idle, and due at once');
  }

  async function pass(ms: number): Promise<void> {
    const untilMs = clock.now() + ms;
    for (let wakeUps = 0; ; wakeUps += 1) {
      await settle();
      const { nextWakeAtMs } = await profile();
      const nextAtMs = aside() > 0 ? clock.now() + 30 * second : nextWakeAtMs;
      if (nextAtMs > untilMs) break;
      if (wakeUps * minute > 20 * ms + wakeUpsMax * minute)
        throw new Error(`too many wake-ups: ${wakeUps} in ${ms} ms`);
      await clock.advance(Math.max(1, nextAtMs - clock.now()));
    }
    if (clock.now() < untilMs) await clock.advance(untilMs - clock.now());
  }

  async function accept(wish: Wish): Promise<IntentDoc> {
    const [last] = await documents.find('intentsOfProfile', { profileId }, { limit: 1, descending: true });
    const nowMs = clock.now();
    const intent = newIntent({
      owner: { profileId, accountId, appId },
      n: (last?.n ?? 0) + 1,
      operationId: newOperationId(nowMs, random),
      wish,
      nowMs,
      expiresAtMs: nowMs + writing.expireAfterMs,
    });
    await documents.insert('intents', intent);
    return intent;
  }

  const calendarId = (calendar: string): CalendarId => calendarIdOf(profileId, calendar);
  await documents.insert('profiles', newProfile(other));
  const grantId = 'grt_rig' as GrantId;
  await documents.insert('grants', {
    _id: grantId,
    rev: 1,
    appId,
    accountId,
    scopes: allScopes,
    revokedAtMs: null,
    createdAtMs: startMs,
  });

  return {
    clock,
    documents,
    other,
    plan,
    effects,
    reports,
    ended,
    calendarId,
    accept,
    upsert: (calendar, eventId, patch) => accept({ kind: 'upsert', calendarId: calendarId(calendar), eventId, patch }),
    remove: (calendar, eventId) => accept({ kind: 'delete', calendarId: calendarId(calendar), eventId }),
    grant: async (scopes) => {
      const grant = await documents.get('grants', grantId);
      if (grant !== null) await documents.replace('grants', { ...grant, scopes, rev: grant.rev + 1 }, grant.rev);
    },
    request: async (request) => {
      for (let heard = false; !heard;) {
        const one = await profile();
        const next = { ...one, requests: [...one.requests, request], nextWakeAtMs: clock.now(), rev: one.rev + 1 };
        heard = await documents.replace('profiles', next, one.rev);
      }
    },
    settle,
    pass,
    kill: () => {
      life.dead = true;
    },
    profile,
    intents: () => documents.find('intentsOfProfile', { profileId }),
    aside,
    turns: turnsSoFar,
    lost: () => lost,
    close: async () => {
      life.dead = true;
      await documents.close();
    },
  };
}

const sum = (hosts: readonly Host<ProfileId>[], of: (stats: HostStats) => number): number =>
  hosts.reduce((total, host) => total + of(host.stats()), 0);

/** Everything on the other side under one name each. */
function flat(other: OtherSide): Map<string, string> {
  return new Map(
    [...other.contents()].flatMap(([calendar, bodies]) =>
      [...bodies].map(([ref, body]) => [`${calendar} ${ref}`, body] as const),
    ),
  );
}

export function newProfile({ root }: Pick<OtherSide, 'root'>): ProfileDoc {
  return {
    _id: profileId,
    rev: 1,
    appId,
    accountId,
    provider: 'memory',
    name: 'someone',
    login: 'someone',
    email: 'someone@example.com',
    credentials: null,
    root,
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
}
