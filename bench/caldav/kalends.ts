/** Kalends in a process of its own, with everything on: connects, syncs, polls, and says what it saw and what it cost. */
import { horizon } from '../../config/policies.ts';
import type { CalendarId, ProfileId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { windowOf } from '../../domain/projection/horizon.ts';
import type { Http } from '../../providers/http.ts';
import type { KalendsNode } from '../../services/wiring.ts';
import { useSecret, useSecretsIn } from '../../test/support/traces.ts';
import { readingOf, seenHash, type Reading } from '../kit/answers.ts';
import { kalendsIn } from '../kit/kalends.ts';
import type { SubjectActions } from '../kit/subject.ts';
import { createProfileWatch, type ProfileWatch } from '../kit/profile-watch.ts';
import type { CalendarAccess } from './raw.ts';

export interface Sent {
  readonly request: string;
  /** Null while it is not answered. */
  readonly ms: number | null;
}

export interface Synced {
  readonly profileId: ProfileId;
  /** From the profile being durable, just before its actor is nudged, to its initial sync being recorded as complete. */
  readonly ms: number;
  readonly requests: readonly Sent[];
  readonly commits: number;
  readonly events: number;
  /** The largest resident size of this process so far. */
  readonly peakBytes: number;
}

export interface Polled {
  readonly ms: number;
  readonly requests: readonly Sent[];
  /** Commits appended by it. */
  readonly commits: number;
  readonly peakBytes: number;
}

interface Running {
  readonly node: KalendsNode;
  readonly watch: ProfileWatch;
  /** What was sent since it was last emptied. */
  readonly sent: Sent[];
}

let running: Running | null = null;

function started(): Running {
  if (running === null) throw new Error('start comes first');
  return running;
}

async function start({ folder }: { readonly folder: string }): Promise<void> {
  const watch = createProfileWatch();
  const sent: Sent[] = [];
  const counted =
    (http: Http): Http =>
    async (request) => {
      const at = sent.push({ request: `${request.method} ${new URL(request.url).pathname}`, ms: null }) - 1;
      const answer = await http(request);
      const one = sent[at];
      if (one !== undefined) sent[at] = { ...one, ms: answer.tookMs };
      return answer;
    };
  const node = kalendsIn(folder, {
    settings: { KALENDS_ALLOWED_ADDRESSES: '127.0.0.1' },
    around: { documents: watch.around, http: counted },
  });
  await node.start();
  running = { node, watch, sent };
}

const peakBytes = (): number => process.resourceUsage().maxRSS * 1_024;

const commitsOf = ({ node }: Running, profileId: ProfileId): Promise<number> =>
  node.documents.count('commitsOfProfile', { profileId });

/** Connects for an application of its own: nothing of an earlier sync is used again but warm code. */
async function sync(access: CalendarAccess & { readonly app: string }): Promise<Synced> {
  const { node, watch, sent } = started();
  useSecret(access.password, access.username);
  const connecting = node.broker.call('ops.connect', {
    provider: 'caldav',
    app: access.app,
    address: new URL(access.calendarUrl).origin,
    credentials: { kind: 'password', username: access.username, password: access.password },
    timeZone: 'Europe/Berlin',
  });
  const { profile, atMs } = await watch.inserted();
  // What connecting asked is not part of the sync.
  sent.length = 0;
  const { _id: profileId } = profile;
  const idle = watch.stored((one) => one._id === profileId && isIdle(one));
  const done = await watch.stored((one) => one._id === profileId && one.initialSyncAtMs !== null);
  useSecretsIn(await connecting);
  const [ms, requests, peak] = [done.atMs - atMs, [...sent], peakBytes()];
  await idle;
  const commits = await commitsOf(started(), profileId);
  return { profileId, ms, requests, peakBytes: peak, commits, events: await liveResources(profileId) };
}

/** Nothing falls due for a long time: the actor has ended its last turn. */
const isIdle = (profile: ProfileDoc): boolean => profile.nextWakeAtMs > Date.now() + 60_000;

async function liveResources(profileId: ProfileId): Promise<number> {
  const { documents } = started().node;
  const calendars = await documents.find('calendarsOfProfile', { profileId });
  const counts = calendars.map((one) => documents.count('resourcesOfCalendar', { calendarId: one._id, live: 1 }));
  return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
}

/** Makes the calendars due, nudges, and waits until the actor has nothing left to do. */
async function poll({ profileId }: { readonly profileId: ProfileId }): Promise<Polled> {
  const { node, watch, sent } = started();
  const commits = await commitsOf(started(), profileId);
  const nowMs = Date.now();
  const profile = await node.documents.get('profiles', profileId);
  if (profile === null) throw new Error(`no profile ${profileId}`);
  await node.documents.replace('profiles', dueNow(profile, nowMs), profile.rev);
  sent.length = 0;
  const idle = watch.stored((one) => one._id === profileId && isIdle(one));
  const startedAt = performance.now();
  await node.broker.emit('supervisor.nudge', { profileId, lane: 'pull' });
  const ms = (await idle).atMs - startedAt;
  const appended = (await commitsOf(started(), profileId)) - commits;
  return { ms, requests: [...sent], commits: appended, peakBytes: peakBytes() };
}

function dueNow(profile: ProfileDoc, nowMs: number): ProfileDoc {
  const calendars = Object.entries(profile.calendars) as [CalendarId, ProfileDoc['calendars'][CalendarId]][];
  const due = calendars.map(([id, work]) => [id, { ...work, nextPollAtMs: nowMs }] as const);
  return { ...profile, calendars: Object.fromEntries(due), nextWakeAtMs: nowMs, rev: profile.rev + 1 };
}

/** What a reader of the store sees, page by page so that reading does not become the peak of memory. */
async function read({ profileId }: { readonly profileId: ProfileId }): Promise<Reading> {
  const { documents } = started().node;
  const hashes: string[] = [];
  let after = '';
  for (;;) {
    const page = await documents.find('eventsOfProfile', { profileId, _id: { gt: after } }, { limit: 500 });
    for (const event of page) {
      if (event.deleted === 1) continue;
      hashes.push(
        seenHash({
          uid: event.uid ?? '',
          startMs: event.startMs,
          endMs: event.endMs,
          summary: event.summary,
          location: event.location?.description ?? '',
          description: event.description,
          organizer: event.organizer?.email ?? '',
          attendees: event.attendees.map((one) => one.email),
        }),
      );
    }
    const last = page.at(-1);
    if (last === undefined) return readingOf(await liveResources(profileId), hashes);
    after = last._id;
  }
}

/** The window that the profile's series are laid out in. */
async function window({ profileId }: { readonly profileId: ProfileId }) {
  const profile = await started().node.documents.get('profiles', profileId);
  const day = profile?.horizonDay ?? '';
  return { day, ...windowOf(day, horizon) };
}

export const subject = {
  start,
  sync,
  poll,
  read,
  window,
  stop: () => started().node.stop(),
} satisfies SubjectActions;
