/** Looking at profiles: the list, and everything that is known of one. */
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { CalendarWork, ProfileDoc } from '../../domain/profile.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { OpsContext } from './context.ts';

export interface ProfileRow {
  readonly profile_id: ProfileId;
  readonly account_id: string;
  readonly provider: string;
  readonly name: string;
  readonly state: string;
  readonly calendars: number;
  readonly seq: number;
  /** When the provider last answered in full; ISO 8601, null before the first time. */
  readonly fresh_at: string | null;
  readonly next_wake_at: string | null;
}

const rowsMax = 1_000;

export async function listProfiles(context: Pick<OpsContext, 'documents'>): Promise<readonly ProfileRow[]> {
  const profiles = await context.documents.find('allProfiles', {}, { limit: rowsMax });
  return profiles.map(rowOf);
}

const farFutureMs = 8_000_000_000_000_000;

const iso = (ms: number | null): string | null => (ms === null || ms > farFutureMs ? null : new Date(ms).toISOString());

function rowOf(profile: ProfileDoc): ProfileRow {
  return {
    profile_id: profile._id,
    account_id: profile.accountId,
    provider: profile.provider,
    name: profile.name,
    state: profile.state.name,
    calendars: Object.keys(profile.calendars).length,
    seq: profile.projectedSeq,
    fresh_at: iso(profile.freshAtMs),
    next_wake_at: iso(profile.nextWakeAtMs),
  };
}

export async function profileOr404(context: Pick<OpsContext, 'documents'>, profileId: ProfileId): Promise<ProfileDoc> {
  const profile = await context.documents.get('profiles', profileId);
  if (profile !== null) return profile;
  throw new KalendsError('not_known', `there is no profile ${profileId}; \`kalends ops profiles\` lists them`, {
    ids: { profile: profileId },
  });
}

/** State with reason and evidence, calendars with what they owe and hold, waiting intents. */
export async function inspectProfile(context: Pick<OpsContext, 'documents'>, profileId: ProfileId): Promise<object> {
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
    ...rowOf(profile),
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
      state: one.state,
      accepted_at: iso(one.acceptedAtMs),
      attempts: one.attempts,
      attempt: one.attempt,
      not_before: one.notBeforeMs === 0 ? null : iso(one.notBeforeMs),
    })),
  };
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
      };
