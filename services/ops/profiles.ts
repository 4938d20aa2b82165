/** Looking at profiles: the list, and everything that is known of one. */
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileId, ResourceId } from '../../domain/ids.ts';
import type { Wish } from '../../domain/intent.ts';
import type { CalendarWork, ProfileDoc } from '../../domain/profile.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { OpsContext } from './context.ts';
import { iso } from './iso.ts';

export interface ProfileRow {
  readonly profile_id: ProfileId;
  readonly account_id: string;
  readonly provider: string;
  readonly name: string;
  /** The machine that its calendars are on; null for application calendars. */
  readonly host: string | null;
  readonly state: string;
  /** Why it does no ordinary work, as a code of `domain/errors.ts`; null while it does. */
  readonly reason: string | null;
  /** The host that it waits for; `kalends ops hosts` tells more. */
  readonly waits_for: string | null;
  readonly calendars: number;
  readonly seq: number;
  /** When the provider last answered in full; ISO 8601, null before the first time. */
  readonly fresh_at: string | null;
  readonly next_wake_at: string | null;
}

type ProfilesContext = Pick<OpsContext, 'documents' | 'provider'>;

export async function listProfiles(context: ProfilesContext): Promise<readonly ProfileRow[]> {
  const rows: ProfileRow[] = [];
  for await (const profile of everyProfile(context)) rows.push(rowOf(context, profile));
  return rows;
}

/** Profiles held in memory at once. */
const pageSize = 100;

/** By id; one that is connected meanwhile may be among them or not. */
export async function* everyProfile({ documents }: Pick<OpsContext, 'documents'>): AsyncGenerator<ProfileDoc> {
  let after: ProfileId | null = null;
  for (;;) {
    const profiles: readonly ProfileDoc[] = await documents.find(
      'allProfiles',
      after === null ? {} : { _id: { gt: after } },
      { limit: pageSize },
    );
    yield* profiles;
    after = profiles.at(-1)?._id ?? after;
    if (profiles.length < pageSize) return;
  }
}

function rowOf({ provider }: ProfilesContext, profile: ProfileDoc): ProfileRow {
  return {
    profile_id: profile._id,
    account_id: profile.accountId,
    provider: profile.provider,
    name: profile.name,
    host: provider(profile.provider).hostOf(profile.root),
    state: profile.state.name,
    reason: 'code' in profile.state ? profile.state.code : null,
    waits_for: profile.waitsFor ?? null,
    calendars: Object.keys(profile.calendars).length,
    seq: profile.projectedSeq,
    fresh_at: iso(profile.freshAtMs),
    next_wake_at: iso(profile.nextWakeAtMs),
  };
}

export async function profileOr404(context: Pick<OpsContext, 'documents'>, profileId: ProfileId): Promise<ProfileDoc> {
  const profile = await context.documents.get('profiles', profileId);
  if (profile !== null) return profile;
  throw new KalendsError('not_known', `there is no profile ${profileId}`, {
    ids: { profile: profileId },
    next: '`kalends ops profiles` lists them',
  });
}

/** State with reason and evidence, calendars with what they owe and hold, waiting intents, resources that are not understood. */
export async function inspectProfile(context: ProfilesContext, profileId: ProfileId): Promise<object> {
  const { documents } = context;
  const profile = await profileOr404(context, profileId);
  const calendars = await documents.find('calendarsOfProfile', { profileId });
  const checkpoints = new Map(
    (
      await documents.getMany(
        'checkpoints',
        calendars.map((one) => one._id),
      )
    ).map((one) => [one._id, one]),
  );
  const intents = await documents.find('openIntentsOfProfile', { profileId, open: 1 });
  const counts = await Promise.all(
    calendars.map((one) => documents.count('resourcesOfCalendar', { calendarId: one._id, live: 1 })),
  );
  return {
    ...rowOf(context, profile),
    address: profile.address ?? null,
    root: profile.root,
    state: profile.state,
    requests: profile.requests,
    initial_sync_at: iso(profile.initialSyncAtMs),
    horizon: { day: profile.horizonDay, zone_data: profile.zoneData, projector: profile.projector },
    calendars: calendars.map((one, index) => ({
      calendar_id: one._id,
      name: one.name,
      ref: one.ref,
      read_only: one.readOnly,
      deleted: one.deleted,
      time_zone: one.timeZone,
      events: counts[index] ?? 0,
      ...workOf(profile.calendars[one._id]),
      ...leftBehind(checkpoints.get(one._id)),
    })),
    waiting_intents: intents.map((one) => ({
      operation_id: one.operationId,
      wish: one.wish.kind,
      ...meantBy(one.wish),
      state: one.state,
      accepted_at: iso(one.acceptedAtMs),
      attempts: one.attempts,
      attempt: one.attempt,
      not_before: one.notBeforeMs === 0 ? null : iso(one.notBeforeMs),
    })),
    problems: await problemsOf(context, profileId),
  };
}

/** Which calendars and which event of the application. */
const meantBy = (wish: Wish): object =>
  wish.kind === 'delete_all'
    ? { calendar_ids: wish.calendarIds ?? 'all' }
    : { calendar_id: wish.calendarId, ...('eventId' in wish ? { event_id: wish.eventId } : {}) };

/** Resources looked at in one go, each with its body; and how many problems are shown. */
const resourcesAtOnce = 200;
const problemsMax = 100;

/** Resources that could not be understood in full: kept as received, shown to nobody; `ops explain` tells more of each. */
async function problemsOf({ documents }: Pick<OpsContext, 'documents'>, profileId: ProfileId): Promise<object[]> {
  const problems: object[] = [];
  let after: ResourceId | null = null;
  for (;;) {
    const range = after === null ? {} : { _id: { gt: after } };
    const page: ResourceDoc[] = await documents.find(
      'resourcesOfProfile',
      { profileId, live: 1, ...range },
      { limit: resourcesAtOnce },
    );
    for (const { _id, calendarId, ref, problem } of page) {
      if (problem !== null) problems.push({ resource_id: _id, calendar_id: calendarId, ref, ...problem });
    }
    after = page.at(-1)?._id ?? null;
    if (page.length < resourcesAtOnce || problems.length >= problemsMax) return problems.slice(0, problemsMax);
  }
}

const workOf = (work: CalendarWork | undefined) =>
  work === undefined ? {} : { state: work.state, next_poll_at: iso(work.nextPollAtMs), failures: work.failures };

const leftBehind = (checkpoint: CheckpointDoc | undefined) =>
  checkpoint === undefined
    ? {}
    : {
        token: checkpoint.token,
        ctag: checkpoint.ctag,
        listed_at: iso(checkpoint.listedAtMs),
        owed: checkpoint.owed,
        held: checkpoint.held,
        repairing: checkpoint.repairing ?? [],
      };
