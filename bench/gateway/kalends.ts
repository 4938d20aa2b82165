/** Kalends with 10,000 events in an application calendar: filled in one process, served from another. */
import { horizon } from '../../config/policies.ts';
import { serviceNames, type ServiceName } from '../../config/schema.ts';
import type { Change } from '../../domain/commit.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import { asProfileId, newRunId, resourceIdOf, type CalendarId, type ProfileId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { systemClock, systemRandom } from '../../services/system-clock.ts';
import type { KalendsNode } from '../../services/wiring.ts';
import { createCommitLog } from '../../store/commit.ts';
import { useSecretsIn } from '../../test/support/traces.ts';
import { spacedEvents } from '../kit/bodies.ts';
import { kalendsIn } from '../kit/kalends.ts';
import type { SubjectActions } from '../kit/subject.ts';

export interface Filled {
  readonly token: string;
  readonly calendarId: string;
}

async function fill(wanted: {
  readonly folder: string;
  readonly count: number;
  readonly firstDayMs: number;
}): Promise<Filled> {
  const node = kalendsIn(wanted.folder);
  await node.start();
  const connected = (await node.broker.call('ops.connect', {
    provider: 'cronofy',
    app: 'bench',
    address: 'bench',
    credentials: { kind: 'none' },
    timeZone: 'Europe/Berlin',
  })) as { profile_id: string; access_token: string };
  useSecretsIn(connected);
  const profileId = asProfileId(connected.profile_id);
  const calendarId = await theCalendar(node, profileId);
  // From here on nobody but this function writes to the profile: its services are stopped.
  await node.stop();
  const store = kalendsIn(wanted.folder, { services: [] });
  await store.start();
  await record(store, profileId, calendarId, spacedEvents(wanted.count, wanted.firstDayMs));
  await store.stop();
  return { token: connected.access_token, calendarId };
}

/** An application calendar is there as soon as its actor has looked. */
async function theCalendar({ documents }: KalendsNode, profileId: ProfileId): Promise<CalendarId> {
  for (;;) {
    const [calendar] = await documents.find('calendarsOfProfile', { profileId });
    if (calendar !== undefined) return calendar._id;
    await systemClock.sleep(20);
  }
}

/** As an actor would: appended, projected, then the profile. */
async function record(
  { documents }: KalendsNode,
  profileId: ProfileId,
  calendarId: CalendarId,
  events: ReturnType<typeof spacedEvents>,
): Promise<void> {
  const profile = await documents.get('profiles', profileId);
  if (profile === null) throw new Error('the profile is gone');
  const normalise = createNormalise();
  const log = createCommitLog({ documents, normalise, clock: systemClock, horizon });
  const changes = events.map(({ name, body }): Change => ({
    kind: 'resource_put',
    calendarId,
    resourceId: resourceIdOf(calendarId, name),
    observedHash: normalise('icalendar', body).observedHash,
    normaliser: normaliserVersion,
    differs: true,
    ref: name,
    etag: null,
    scheduleTag: null,
    body,
    format: 'icalendar',
  }));
  const owner = {
    profileId,
    accountId: profile.accountId,
    appId: profile.appId,
    runId: newRunId(Date.now(), systemRandom),
  };
  const { horizonDay, zoneData, projector } = profile;
  const inForce = horizonDay === null || zoneData === null ? null : { day: horizonDay, zoneData, projector };
  const commits = await log.append(owner, await log.head(profileId), { cause: 'repair', operations: [], changes });
  await log.project(commits, inForce);
  const projectedSeq = commits.at(-1)?.seq ?? profile.projectedSeq;
  const stored = await documents.replace('profiles', { ...profile, projectedSeq, rev: profile.rev + 1 }, profile.rev);
  if (!stored) throw new Error('somebody else wrote the profile');
}

let serving: KalendsNode | null = null;

function running(): KalendsNode {
  if (serving === null) throw new Error('serve comes first');
  return serving;
}

export const subject = {
  fill,
  /** `alone`: the API without actors and notifier, as one of several processes would run it. Answers the port. */
  serve: async ({ folder, alone }: { readonly folder: string; readonly alone: boolean }) => {
    const apiAlone: readonly ServiceName[] = ['gateway', 'auth', 'ops'];
    serving = kalendsIn(folder, { services: alone ? apiAlone : serviceNames });
    await serving.start();
    return { port: Number(new URL(serving.gatewayUrl() ?? '').port) };
  },
  /** Resolves when every accepted write has ended; answers how many managed events there are. */
  settled: async ({ calendarId }: Pick<Filled, 'calendarId'>) => {
    const { documents } = running();
    while ((await documents.count('openIntents', { open: 1, seen: [null, 1] })) > 0) await systemClock.sleep(50);
    const calendar = await documents.get('calendars', calendarId);
    if (calendar === null) throw new Error(`there is no calendar ${calendarId}`);
    const managed = await documents.find('managedOfProfile', { profileId: calendar.profileId });
    return { managed: managed.filter((one) => one.calendarId === calendarId && one.wanted !== null).length };
  },
  stop: async () => running().stop(),
} satisfies SubjectActions;
