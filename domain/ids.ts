/** Branded identifiers: what each names, how the derived ones are made, and nothing else. */
import { hash } from 'node:crypto';

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type AppId = Id<'app'>;
export type AccountId = Id<'account'>;
export type ProfileId = Id<'profile'>;
export type CalendarId = Id<'calendar'>;
/** Our stable identity of a resource: made from its calendar and its href or provider id, never from its UID. */
export type ResourceId = Id<'resource'>;
/** Names one event or occurrence for good: derives from resource id and recurrence id. */
export type EventUid = Id<'event_uid'>;
/** Names an accepted write; a ULID, so a name that sorts by time of acceptance, not an order. */
export type OperationId = Id<'operation'>;
export type ChannelId = Id<'channel'>;
export type DeliveryId = Id<'delivery'>;
export type GrantId = Id<'grant'>;
export type RunId = Id<'run'>;
export type NodeId = Id<'node'>;

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/** The first `length` base-32 characters of the SHA-256 of the parts, joined by a character that none of them holds. */
export function digestName(parts: readonly string[], length = 26): string {
  const digest = hash('sha256', parts.join('\u0000'), 'buffer');
  let name = '';
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5 && name.length < length) {
      bits -= 5;
      name += crockford[(value >>> bits) & 31];
    }
  }
  return name;
}

/** 26 characters: 48 bits of time in milliseconds, then 80 bits from `random` (values in [0, 1)). */
function ulid(nowMs: number, random: () => number): string {
  let time = '';
  for (let rest = nowMs, k = 0; k < 10; k += 1, rest = Math.floor(rest / 32)) time = crockford[rest % 32] + time;
  let tail = '';
  for (let k = 0; k < 16; k += 1) tail += crockford[Math.floor(random() * 32)];
  return time + tail;
}

export type RandomSource = () => number;

export const newAppId = (nowMs: number, random: RandomSource): AppId => `app_${ulid(nowMs, random)}` as AppId;
export const newAccountId = (nowMs: number, random: RandomSource): AccountId =>
  `acc_${ulid(nowMs, random)}` as AccountId;
export const newProfileId = (nowMs: number, random: RandomSource): ProfileId =>
  `pro_${ulid(nowMs, random)}` as ProfileId;
export const newOperationId = (nowMs: number, random: RandomSource): OperationId =>
  `op_${ulid(nowMs, random)}` as OperationId;
export const newChannelId = (nowMs: number, random: RandomSource): ChannelId =>
  `chn_${ulid(nowMs, random)}` as ChannelId;
export const newDeliveryId = (nowMs: number, random: RandomSource): DeliveryId =>
  `dlv_${ulid(nowMs, random)}` as DeliveryId;
export const newGrantId = (nowMs: number, random: RandomSource): GrantId => `grt_${ulid(nowMs, random)}` as GrantId;
export const newRunId = (nowMs: number, random: RandomSource): RunId => `run_${ulid(nowMs, random)}` as RunId;
export const newNodeId = (nowMs: number, random: RandomSource): NodeId => `nod_${ulid(nowMs, random)}` as NodeId;

/** `ref` is the calendar's address relative to the account's root, so that a moved partition keeps the id. */
export const calendarIdOf = (profileId: ProfileId, ref: string): CalendarId =>
  `cal_${digestName([profileId, ref])}` as CalendarId;

/** `ref` is the resource's href relative to its calendar, decoded and normalised by the provider. */
export const resourceIdOf = (calendarId: CalendarId, ref: string): ResourceId =>
  `rsc_${digestName([calendarId, ref])}` as ResourceId;

/** `recurrenceKey` is null for a single event. External and managed events share the form. */
export const eventUidOf = (resourceId: ResourceId, recurrenceKey: string | null): EventUid =>
  `evt_external_${digestName([resourceId, recurrenceKey ?? ''])}` as EventUid;

/** Identifiers from outside; the store decides whether they name anything. */
export const asCalendarId = (text: string): CalendarId => text as CalendarId;
export const asProfileId = (text: string): ProfileId => text as ProfileId;
export const asAccountId = (text: string): AccountId => text as AccountId;
export const asChannelId = (text: string): ChannelId => text as ChannelId;
export const asOperationId = (text: string): OperationId => text as OperationId;

export const slotCount = 1024;

/** The share of profiles that this profile belongs to, 0 … 1023. */
export function slotOf(profileId: ProfileId): number {
  return hash('sha256', profileId, 'buffer').readUInt16BE(0) % slotCount;
}
