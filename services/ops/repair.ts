/** Repairing deletions over the fleet: what servers made Kalends remove since a time, and having it looked for again. */
import type { AppId, ProfileId, ResourceId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { reinstatedBy, removalsOf } from '../../domain/sync/repair.ts';
import { revise } from './connect.ts';
import type { OpsContext } from './context.ts';
import { iso } from './iso.ts';
import { everyProfile } from './profiles.ts';
import { noSuchKind } from './sentinel.ts';
import { sinceOf } from './since.ts';

type RepairContext = Pick<OpsContext, 'documents' | 'clock' | 'nudge' | 'provider'>;

export interface RepairInput {
  readonly provider: string;
  readonly software?: string;
  /** `7d`, `36h`, or a time. */
  readonly since: string;
  /** False: only look into the log; nobody is asked, nothing is changed. */
  readonly carryOut: boolean;
}

/** Counts by what the log and the cache say now: asked again while a repair runs, it shows how far that is. */
export interface RepairReport {
  readonly provider: string;
  readonly software: string | null;
  readonly since: string | null;
  readonly carried_out: boolean;
  /** Removed since then on a server's word, and not there now: true deletions are among them. */
  readonly profiles: number;
  readonly calendars: number;
  readonly events: number;
  readonly applications: readonly {
    readonly app_id: AppId;
    readonly name: string;
    readonly profiles: number;
    readonly events: number;
  }[];
  /** Found at the provider after all, by this repair or one before it. */
  readonly reinstated: number;
  /** Profiles whose repair is not done yet. */
  readonly waiting_profiles: number;
  /** Profiles that cannot be asked now; theirs is done when they are well, or connected, again. */
  readonly unwell: readonly { readonly profile_id: ProfileId; readonly state: string }[];
  readonly next: string;
}

interface Impact {
  readonly profile: ProfileDoc;
  readonly calendars: number;
  readonly events: number;
  readonly reinstated: number;
  /** A repair is not done yet; and it covers all of these. */
  readonly waiting: boolean;
  readonly covered: boolean;
}

/** Rejects with `not_known` where no such kind of server is connected. */
export async function repairDeletions(context: RepairContext, input: RepairInput): Promise<RepairReport> {
  const sinceMs = sinceOf(input.since, context.clock.now());
  const impacts: Impact[] = [];
  let known = false;
  for await (const profile of everyProfile(context)) {
    if (profile.provider !== input.provider) continue;
    const software = context.provider(profile.provider).software(profile.root);
    if (input.software !== undefined && software !== input.software) continue;
    known = true;
    const impact = await impactOn(context, profile, sinceMs);
    const begins = input.carryOut && impact.events > 0 && !impact.covered;
    if (begins) await revise(context, profile._id, { kind: 'repair_deletions', sinceMs });
    impacts.push(begins ? { ...impact, waiting: true } : impact);
  }
  // A name that is misspelt must not read as an all-clear.
  if (!known) throw noSuchKind(input);
  return reportOf(context, input, sinceMs, impacts);
}

/** Commits read at once, newest first. */
const page = 20;

async function impactOn({ documents }: RepairContext, profile: ProfileDoc, sinceMs: number): Promise<Impact> {
  const removed = new Set<ResourceId>();
  let reinstated = 0;
  for (let seq = Number.MAX_SAFE_INTEGER, more = true; more;) {
    const range = { profileId: profile._id, seq: { lt: seq } };
    const commits = await documents.find('commitsOfProfile', range, { limit: page, descending: true });
    for (const commit of commits.filter((one) => one.atMs >= sinceMs)) {
      for (const one of removalsOf(commit)) removed.add(one.resourceId);
      reinstated += reinstatedBy(commit).length;
    }
    const last = commits.at(-1);
    more = commits.length === page && last !== undefined && last.atMs >= sinceMs;
    seq = last?.seq ?? 0;
  }
  const gone = (await documents.getMany('resources', [...removed])).filter((one) => one.live === 0);
  const calendars = new Set(gone.map((one) => one.calendarId)).size;
  const underWay = await repairUnderWay(documents, profile, gone, sinceMs);
  return { profile, calendars, events: gone.length, reinstated, ...underWay };
}

/** What is asked for already is not asked for again: each time costs a listing of all its calendars. */
async function repairUnderWay(
  documents: RepairContext['documents'],
  { requests, calendars }: ProfileDoc,
  gone: readonly ResourceDoc[],
  sinceMs: number,
): Promise<Pick<Impact, 'waiting' | 'covered'>> {
  const asked = requests.flatMap((one) =>
    typeof one === 'object' && one.kind === 'repair_deletions' ? [one.sinceMs] : [],
  );
  const checkpoints = await documents.getMany('checkpoints', Object.keys(calendars));
  const sought = new Map(checkpoints.map((one) => [one._id, new Set(one.repairing ?? [])]));
  return {
    waiting: asked.length > 0 || [...sought.values()].some((refs) => refs.size > 0),
    covered:
      asked.some((one) => one <= sinceMs) || gone.every((one) => sought.get(one.calendarId)?.has(one.ref) === true),
  };
}

async function reportOf(
  { documents }: RepairContext,
  input: RepairInput,
  sinceMs: number,
  impacts: readonly Impact[],
): Promise<RepairReport> {
  const affected = impacts.filter((one) => one.events > 0);
  const waiting = impacts.filter((one) => one.waiting);
  const sum = (of: (one: Impact) => number, among = impacts): number =>
    among.reduce((total, one) => total + of(one), 0);
  const apps = await documents.getMany('apps', [...new Set(affected.map((one) => one.profile.appId))]);
  const names = new Map(apps.map((one) => [one._id, one.name]));
  return {
    provider: input.provider,
    software: input.software ?? null,
    since: iso(sinceMs),
    carried_out: input.carryOut,
    profiles: affected.length,
    calendars: sum((one) => one.calendars),
    events: sum((one) => one.events),
    applications: [...Map.groupBy(affected, (one) => one.profile.appId)].map(([appId, ofApp]) => ({
      app_id: appId,
      name: names.get(appId) ?? 'unknown',
      profiles: ofApp.length,
      events: sum((one) => one.events, ofApp),
    })),
    reinstated: sum((one) => one.reinstated),
    waiting_profiles: waiting.length,
    unwell: (input.carryOut ? waiting : affected).flatMap(({ profile }) =>
      profile.state.name === 'live' ? [] : [{ profile_id: profile._id, state: profile.state.name }],
    ),
    next: nextStep(input, affected.length, waiting.length),
  };
}

function nextStep({ carryOut }: RepairInput, affected: number, waiting: number): string {
  if (waiting > 0) return 'the same command without --yes shows how far it is';
  if (affected === 0) return 'nothing: no server removed anything that is not there again';
  return carryOut ? 'nothing: it is done' : 'the same command with --yes looks for them at their providers';
}
