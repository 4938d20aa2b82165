/** A resource: what has one identity at the provider, as observed in a response and as the cache keeps it. */
import type { BodyFormat, ResourceProblem } from './event.ts';
import type { CalendarId, ProfileId, ResourceId } from './ids.ts';

/** What a response showed of a resource. */
export interface Observation {
  /** The href relative to its calendar, decoded and normalised; names the resource. */
  readonly ref: string;
  /** As received, quotes and weakness included; null where the server gave none. */
  readonly etag: string | null;
  readonly scheduleTag: string | null;
  /** As received, byte for byte as text; what is kept of it is made storable by `diff`. */
  readonly body: string;
  readonly format: BodyFormat;
}

/** What proved a removal. Nothing else does: absence only nominates. */
export type Evidence =
  | { readonly kind: 'tombstone'; readonly request: string; readonly status: number; readonly atMs: number }
  | {
      readonly kind: 'direct_get';
      readonly request: string;
      readonly status: number;
      /** The collection's own answer beside it, which was readable. */
      readonly collectionStatus: number;
      readonly atMs: number;
    }
  /** Our own delete, accepted by the provider. */
  | { readonly kind: 'own_write'; readonly operationId: string; readonly status: number; readonly atMs: number }
  | { readonly kind: 'operator'; readonly note: string; readonly atMs: number };

/** The projection `resources`. A removed one stays as a tombstone with its evidence. */
export interface ResourceDoc {
  readonly _id: ResourceId;
  readonly profileId: ProfileId;
  readonly calendarId: CalendarId;
  readonly ref: string;
  readonly uid: string | null;
  readonly etag: string | null;
  readonly scheduleTag: string | null;
  readonly body: string;
  readonly format: BodyFormat;
  readonly observedHash: string;
  /** The normaliser's version that made `observedHash`. */
  readonly normaliser: number;
  readonly problem: ResourceProblem | null;
  readonly recurring: boolean;
  /** 1 while it is there, 0 as a tombstone: a number, so that it can stand in an index. */
  readonly live: 0 | 1;
  readonly evidence: Evidence | null;
  /** The managed event that this resource carries, where an application wrote it. */
  readonly eventId: string | null;
  readonly createdMs: number;
  /** The seq of the last commit that touched this document. */
  readonly seq: number;
}
