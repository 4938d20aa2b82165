/** The table of collection × query × index: every question that may be asked of the store, and the index that answers it. */
import type { CollectionName, Collections } from './collections.ts';

/**
 * `equal` fields come first in the index, each given as one value or a list; then at most one `range` field, which is
 * also the order of the answer; `filter` names further fields that are compared inside the engine after the index.
 */
export interface QueryShape {
  readonly collection: CollectionName;
  readonly equal: readonly string[];
  readonly range: string | null;
  readonly filter: readonly string[];
  readonly unique: boolean;
}

const query = <
  const C extends CollectionName,
  const E extends readonly (keyof Collections[C] & string)[] = [],
  const R extends (keyof Collections[C] & string) | null = null,
  const F extends readonly (keyof Collections[C] & string)[] = [],
>(
  collection: C,
  shape: { equal?: E; range?: R; filter?: F; unique?: boolean },
) => ({
  collection,
  equal: (shape.equal ?? []) as unknown as E,
  range: (shape.range ?? null) as R,
  filter: (shape.filter ?? []) as unknown as F,
  unique: shape.unique ?? false,
});

/** Without `satisfies Record<string, QueryShape>`: TypeScript would take fields that are left out here from that shape. */
export const queries = {
  allProfiles: query('profiles', { range: '_id' }),
  profilesOfAccount: query('profiles', { equal: ['accountId'] }),
  profilesByLogin: query('profiles', { equal: ['login'], unique: true }),
  dueProfiles: query('profiles', { range: 'nextWakeAtMs', filter: ['slot'] }),
  /** Those that wait for a host, the longest first. */
  profilesWaitingForHost: query('profiles', { equal: ['waitsFor'], range: 'nextWakeAtMs', filter: ['slot'] }),
  recentlyProjectedProfiles: query('profiles', { range: 'projectedAtMs' }),
  commitsOfProfile: query('commits', { equal: ['profileId'], range: 'seq', unique: true }),
  resourcesOfCalendar: query('resources', { equal: ['calendarId', 'live'], range: '_id' }),
  resourcesOfProfile: query('resources', { equal: ['profileId'], range: '_id', filter: ['recurring', 'live'] }),
  resourcesByUid: query('resources', { equal: ['calendarId', 'uid'] }),
  eventsByUid: query('events', { equal: ['eventUid'] }),
  eventsOfResource: query('events', { equal: ['resourceId'], range: '_id' }),
  eventsOfProfile: query('events', { equal: ['profileId'], range: '_id' }),
  /** Events that start in a window; those that last longer than `longEventMs` and began before it: `longEvents`. */
  eventsByStart: query('events', {
    equal: ['calendarId', 'managed'],
    range: 'startMs',
    filter: ['endMs', 'deleted', 'updatedMs'],
  }),
  longEvents: query('events', {
    equal: ['calendarId', 'long'],
    range: 'endMs',
    filter: ['startMs', 'deleted', 'managed', 'updatedMs'],
  }),
  eventsUpdated: query('events', {
    equal: ['calendarId'],
    range: 'updatedMs',
    filter: ['deleted', 'managed', 'startMs', 'endMs'],
  }),
  calendarsOfProfile: query('calendars', { equal: ['profileId'], range: '_id' }),
  calendarsOfAccount: query('calendars', { equal: ['accountId'], range: '_id' }),
  managedOfProfile: query('managed_events', { equal: ['profileId'], range: '_id' }),
  intentsOfProfile: query('intents', { equal: ['profileId'], range: 'n', unique: true }),
  openIntentsOfProfile: query('intents', { equal: ['profileId', 'open'], range: 'n' }),
  /** `seen` null: those that the sweep looks for, however many others wait. */
  openIntents: query('intents', { equal: ['open', 'seen'], range: 'profileId' }),
  intentByOperation: query('intents', { equal: ['operationId'], unique: true }),
  subscribersOfAccount: query('subscribers', { equal: ['accountId', 'open'], range: '_id' }),
  openSubscribers: query('subscribers', { equal: ['open'], range: '_id' }),
  dueSubscribers: query('subscribers', { equal: ['open'], range: 'dueAtMs' }),
  deliveriesOfSubscriber: query('deliveries', { equal: ['subscriberId'], range: 'atMs' }),
  oldDeliveries: query('deliveries', { range: 'atMs' }),
  appsByName: query('apps', { equal: ['name'], unique: true }),
  allApps: query('apps', { range: '_id' }),
  grantsOfAccount: query('grants', { equal: ['accountId'], range: '_id' }),
  tokensOfGrant: query('tokens', { equal: ['grantId'] }),
  troubledHosts: query('hosts', { equal: ['troubled'] }),
  allNodes: query('nodes', { range: '_id' }),
  allBaselines: query('baselines', { range: '_id' }),
} as const;

type Queries = typeof queries;
export type QueryName = keyof Queries;
export type QueryDocument<Q extends QueryName> = Collections[Queries[Q]['collection']];

export interface Range<T> {
  readonly gt?: T;
  readonly gte?: T;
  readonly lt?: T;
  readonly lte?: T;
}

type Field<Q extends QueryName, K> = K extends keyof QueryDocument<Q> ? QueryDocument<Q>[K] : never;
type EqualPart<Q extends QueryName> = {
  readonly [K in Queries[Q]['equal'][number]]: Field<Q, K> | readonly Field<Q, K>[];
};
type RangePart<Q extends QueryName> = Queries[Q]['range'] extends string
  ? { readonly [K in Queries[Q]['range']]?: Range<Field<Q, K>> }
  : unknown;
type FilterPart<Q extends QueryName> = {
  readonly [K in Queries[Q]['filter'][number]]?: Field<Q, K> | readonly Field<Q, K>[] | Range<Field<Q, K>>;
};

/** What a query takes: every equal field, and as many of the others as the caller wants to compare. */
export type QueryParams<Q extends QueryName> = EqualPart<Q> & RangePart<Q> & FilterPart<Q>;
