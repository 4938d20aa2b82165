/**
 * The provider port: what Kalends asks of a kind of calendar service, in prose and types.
 *
 * A provider turns requests into answers and failures into typed errors; it decides nothing and remembers nothing
 * between calls but caches that may vanish. Every method makes a bounded number of requests, takes a signal, never
 * retries, and rejects with a KalendsError whose verdict the caller acts on. Each sentence below has a test in
 * `test/contracts/provider.contract.ts`, which runs on every implementation.
 *
 * 1. `connect` finds the account's root from what a person types, proves the credentials, and writes nothing.
 * 2. `listCalendars` returns every calendar that holds events, or rejects; never a part as if it were the whole.
 * 3. `version` answers the token and ctag of the collection as they are now; callers read it before a listing. What
 *    `list` returns beside the resources was read before them, so that nothing can happen in between unseen.
 * 4. `list` returns every resource of a calendar with its etag, or rejects. A document that is cut, has a second root,
 *    is not XML or is HTML is an error, never an empty listing. With `withBodies` it may bring bodies along. With
 *    `inParts` it may answer the first part alone and say `more`: `changes` from its token brings the rest. Callers that
 *    decide removals ask without it.
 * 5. `changes` returns what changed since a token and the token to continue from; `more` while pages are left; the
 *    token of a page covers that page. A token that the server does not accept rejects with verdict `resync`.
 *    A change may be reported more than once, and a resource may be reported that did not change.
 * 6. `fetch` accounts for every ref asked: each is in exactly one of `answered`, `missing` (the server said 404 or 410
 *    of it inside the answer) and `unanswered`. None is dropped, none is invented: a ref not asked for is ignored.
 * 7. `get` asks for one resource alone and answers `found`, or `gone` with the status and the status of a readable
 *    request to its collection at the same root; if the collection is not readable it rejects with the collection's
 *    failure. It never answers `gone` for any other reason.
 * 8. `put` sends exactly one conditional request: with `create` only where nothing is, with an etag (or a schedule tag)
 *    only onto that version; otherwise it rejects with verdict `conflict`. A success answer that carries a failure
 *    inside (a 207 around a 412) is that failure. A create in a calendar that is not there rejects with
 *    `parent_missing`, however the server puts that. It resolves with the resource as the provider now holds it:
 *    where the provider did not return a strong etag, the resource is read back. `connect_failed`, `name_not_found`,
 *    `tls_failed`, `address_refused` prove that nothing was sent; after `timed_out` or `cut_short` it may have been.
 * 9. `remove` sends exactly one conditional request; a resource that is already gone resolves as `gone` with the evidence
 *    of a `get`: whether this or an earlier request, or somebody else, removed it, the caller has to know.
 * 10. `makeCalendar` creates a calendar at `ref` or rejects with verdict `conflict` when one is there.
 * 11. `getCalendar` asks for one calendar alone: `found`, or `gone` with evidence while the account's home is readable.
 * 12. `probe` proves with one cheap request that the credentials work and the account answers.
 * 13. Refs are decoded and normalised: the same resource has the same ref whichever host, escaping or absolute form the
 *     server used. A calendar's ref is relative to the account's root, a resource's to its calendar.
 * 14. `hostOf` names the machine behind a root, the same for every account that fails when it fails; null where there
 *     is none. It asks nobody.
 * 15. `rediscover` looks for an account that is not where it was: from its principal and its server, then from the address
 *     that a person once typed; nobody is asked who is not of the site that the root is on. The root that it answers was
 *     proved like that of `connect`, and refs mean below it what they meant below the old one, if they are there. Null:
 *     the account is where it was. It rejects where the account is found nowhere, and writes nothing.
 *
 * What a provider cannot do by its capabilities (`pull`, `makeCalendar`, `rediscover`) rejects with `method_unsupported`.
 */
import type { ObservedCalendar } from '../domain/calendar.ts';
import type { BodyFormat } from '../domain/event.ts';
import type { ProviderName, ProviderRoot } from '../domain/profile.ts';
import type { Evidence, Observation } from '../domain/resource.ts';

/** What a provider can do; callers ask this, never the provider's name. */
export interface Capabilities {
  /** False: there is no other side, so nothing is ever pulled (application calendars). */
  readonly pull: boolean;
  readonly makeCalendar: boolean;
  /** False: an account never moves. */
  readonly rediscover: boolean;
  /** True: attendees may be set (the calendar can invite). */
  readonly attendees: boolean;
  /** How many refs one `fetch` may name. */
  readonly fetchBatch: number;
}

/** Secrets of one login. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'none' };

export interface ConnectRequest {
  /** A bare host name, an address, or a full URL; a name of the caller's choice where there is no other side. */
  readonly address: string;
  readonly credentials: Credentials;
}

export interface Connected {
  readonly root: ProviderRoot;
  /** What was typed, without secrets: where to look again should the account move. */
  readonly address: string;
  /** The login as people know it. */
  readonly name: string;
  /** The address that the person is known by there; null: the provider names none. */
  readonly email: string | null;
  /** The person's other addresses there. */
  readonly aliases: readonly string[];
}

/** Everything a call needs to act for one profile. */
export interface Session {
  readonly root: ProviderRoot;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

export interface CollectionVersion {
  /** Sync token; null where the server has none. */
  readonly token: string | null;
  readonly ctag: string | null;
}

export interface ListedResource {
  readonly ref: string;
  readonly etag: string | null;
  /** Present where the listing brought the resource itself. */
  readonly observation: Observation | null;
}

export interface Listing extends CollectionVersion {
  readonly resources: readonly ListedResource[];
  /** A part was asked for, and this is one. */
  readonly more: boolean;
}

export interface ListOptions {
  /** Bring the resources along where that is cheaper than asking again; a hint. */
  readonly withBodies: boolean;
  readonly inParts: boolean;
}

export interface DeltaPage {
  readonly changed: readonly ListedResource[];
  readonly removed: readonly { readonly ref: string; readonly evidence: Evidence }[];
  readonly token: string;
  readonly more: boolean;
}

export interface Fetched {
  readonly answered: readonly Observation[];
  readonly missing: readonly string[];
  readonly unanswered: readonly string[];
}

export type Got =
  | { readonly kind: 'found'; readonly observation: Observation }
  | { readonly kind: 'gone'; readonly evidence: Evidence };

export type Precondition =
  | { readonly kind: 'create' }
  | { readonly kind: 'etag'; readonly etag: string }
  | { readonly kind: 'schedule_tag'; readonly scheduleTag: string };

export interface PutRequest {
  readonly calendar: string;
  readonly ref: string;
  readonly body: string;
  readonly format: BodyFormat;
  readonly precondition: Precondition;
}

export type Removed =
  | { readonly kind: 'removed'; readonly status: number }
  | { readonly kind: 'gone'; readonly evidence: Evidence };

export interface RemoveRequest {
  readonly calendar: string;
  readonly ref: string;
  readonly precondition: Exclude<Precondition, { kind: 'create' }> | null;
}

/** `calendar` is a calendar's ref in every method. */
export interface Provider {
  readonly name: ProviderName;
  readonly capabilities: Capabilities;
  connect(request: ConnectRequest, signal: AbortSignal): Promise<Connected>;
  rediscover(session: Session, address: string | null): Promise<ProviderRoot | null>;
  listCalendars(session: Session): Promise<readonly ObservedCalendar[]>;
  getCalendar(
    session: Session,
    calendar: string,
  ): Promise<{ readonly kind: 'found' } | { readonly kind: 'gone'; readonly evidence: Evidence }>;
  version(session: Session, calendar: string): Promise<CollectionVersion>;
  list(session: Session, calendar: string, options: ListOptions): Promise<Listing>;
  changes(session: Session, calendar: string, token: string): Promise<DeltaPage>;
  fetch(session: Session, calendar: string, refs: readonly string[]): Promise<Fetched>;
  get(session: Session, calendar: string, ref: string): Promise<Got>;
  put(session: Session, request: PutRequest): Promise<Observation>;
  remove(session: Session, request: RemoveRequest): Promise<Removed>;
  makeCalendar(
    session: Session,
    calendar: { readonly ref: string; readonly name: string; readonly color: string | null },
  ): Promise<ObservedCalendar>;
  /** Where a new calendar with this name would live; chosen so that a repeat gives the same ref. */
  newCalendarRef(root: ProviderRoot, name: string): string;
  /** The ref of a resource that we create: client-chosen, so that it names the event and its generation. */
  newResourceRef(name: string): string;
  probe(session: Session): Promise<void>;
  /** e.g. `radicale`, `cyrus`, `unknown`: learned from the server's answers, for baselines and limits. */
  software(root: ProviderRoot): string;
  /** e.g. `caldav.example.com:8443`. */
  hostOf(root: ProviderRoot): string | null;
}
