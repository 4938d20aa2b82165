/** Documents of several collections as the store keeps them, with what its queries name; tests add what they are about. */
import type { AppDoc } from '../../domain/account.ts';
import type { DeliveryDoc } from '../../domain/channel.ts';
import type { CommitDoc } from '../../domain/commit.ts';
import type { AccountId, AppId, CalendarId, OperationId, ProfileId, ResourceId, RunId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import type { SchemaDoc } from '../../store/collections.ts';

const appId = 'app_1' as AppId;
const accountId = 'acc_1' as AccountId;

export const profileId = (name: string): ProfileId => `pro_${name}` as ProfileId;
export const calendarId = (name: string): CalendarId => `cal_${name}` as CalendarId;

export const schema = (id: string, change: Partial<SchemaDoc> = {}): SchemaDoc => ({
  _id: id,
  rev: 1,
  version: 1,
  ...change,
});

export const app = (id: string, change: Partial<AppDoc> = {}): AppDoc => ({
  _id: id as AppId,
  rev: 1,
  name: `name of ${id}`,
  clientId: `client of ${id}`,
  secrets: [],
  createdAtMs: 1,
  ...change,
});

export const commit = (profile: ProfileId, seq: number, change: Partial<CommitDoc> = {}): CommitDoc => ({
  _id: `${profile}|${String(seq).padStart(12, '0')}`,
  profileId: profile,
  accountId,
  appId,
  seq,
  atMs: 1_790_000_000_000 + seq,
  cause: 'pull',
  runId: 'run_1' as RunId,
  operations: [],
  changes: [],
  ...change,
});

export const intent = (profile: ProfileId, n: number, change: Partial<IntentDoc> = {}): IntentDoc => ({
  _id: `${profile}|${String(n).padStart(12, '0')}`,
  rev: 1,
  profileId: profile,
  accountId,
  appId,
  n,
  operationId: `op_${profile}_${n}` as OperationId,
  wish: { kind: 'delete', calendarId: calendarId('1'), eventId: 'one' },
  acceptedAtMs: n,
  expiresAtMs: n + 1,
  state: 'queued',
  open: 1,
  reason: null,
  attempt: null,
  notBeforeMs: 0,
  attempts: 0,
  conflicts: 0,
  mergedInto: null,
  settledAtMs: null,
  ...change,
});

export const delivery = (id: string, change: Partial<DeliveryDoc> = {}): DeliveryDoc => ({
  _id: id,
  subscriberId: 'sub_1',
  deliveryId: id as DeliveryDoc['deliveryId'],
  attempt: 1,
  notification: 'change',
  atMs: 0,
  tookMs: 1,
  status: 200,
  error: null,
  body: '{}',
  ...change,
});

export const profile = (id: ProfileId, change: Partial<ProfileDoc> = {}): ProfileDoc => ({
  _id: id,
  rev: 1,
  appId,
  accountId,
  provider: 'caldav',
  name: 'ada@example.org',
  login: id,
  email: null,
  credentials: null,
  root: {},
  state: { name: 'live' },
  calendars: {},
  nextListAtMs: 0,
  missingCalendars: [],
  horizonDay: null,
  zoneData: null,
  projector: 1,
  slot: 0,
  nextWakeAtMs: 0,
  projectedSeq: 0,
  projectedAtMs: 0,
  attemptedThroughN: 0,
  initialSyncAtMs: null,
  freshAtMs: null,
  requests: [],
  createdAtMs: 0,
  ...change,
});

export const resource = (id: string, change: Partial<ResourceDoc> = {}): ResourceDoc => ({
  _id: id as ResourceId,
  profileId: profileId('1'),
  calendarId: calendarId('1'),
  ref: `${id}.ics`,
  uid: id,
  etag: '"1"',
  scheduleTag: null,
  body: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
  format: 'icalendar',
  observedHash: '0',
  normaliser: 1,
  problem: null,
  recurring: false,
  live: 1,
  evidence: null,
  eventId: null,
  createdMs: 0,
  seq: 1,
  ...change,
});
