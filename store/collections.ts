/** Every collection and the shape of its documents. */
import type { AccountDoc, AppDoc, GrantDoc, TokenDoc } from '../domain/account.ts';
import type { CalendarDoc } from '../domain/calendar.ts';
import type { DeliveryDoc, SubscriberDoc } from '../domain/channel.ts';
import type { CommitDoc } from '../domain/commit.ts';
import type { HostDoc } from '../domain/host.ts';
import type { IntentDoc } from '../domain/intent.ts';
import type { ManagedEventDoc } from '../domain/managed-event.ts';
import type { NodeDoc } from '../domain/node.ts';
import type { ProfileDoc } from '../domain/profile.ts';
import type { EventDoc } from '../domain/projected-event.ts';
import type { ResourceDoc } from '../domain/resource.ts';
import type { CheckpointDoc } from '../domain/sync/checkpoint.ts';
import type { BaselineDoc } from '../domain/sync/sentinel/baseline.ts';

/** Versions of data and layout. */
export interface SchemaDoc {
  readonly _id: string;
  readonly rev: number;
  readonly version: number;
}

export interface Collections {
  readonly profiles: ProfileDoc;
  readonly checkpoints: CheckpointDoc;
  readonly commits: CommitDoc;
  readonly resources: ResourceDoc;
  readonly events: EventDoc;
  readonly calendars: CalendarDoc;
  readonly managed_events: ManagedEventDoc;
  readonly intents: IntentDoc;
  readonly subscribers: SubscriberDoc;
  readonly deliveries: DeliveryDoc;
  readonly apps: AppDoc;
  readonly accounts: AccountDoc;
  readonly grants: GrantDoc;
  readonly tokens: TokenDoc;
  readonly nodes: NodeDoc;
  readonly baselines: BaselineDoc;
  readonly hosts: HostDoc;
  readonly schema: SchemaDoc;
}

export type CollectionName = keyof Collections;

type Revised = { readonly [C in CollectionName]: Collections[C] extends { readonly rev: number } ? true : false };

/** Whether the documents of a collection carry a revision; also the list of all collections at run time. */
export const revised: Revised = {
  profiles: true,
  checkpoints: true,
  commits: false,
  resources: false,
  events: false,
  calendars: false,
  managed_events: false,
  intents: true,
  subscribers: true,
  deliveries: false,
  apps: true,
  accounts: true,
  grants: true,
  tokens: false,
  nodes: true,
  baselines: true,
  hosts: true,
  schema: true,
};

export const collectionNames = Object.keys(revised) as readonly CollectionName[];
