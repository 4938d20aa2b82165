/** What the provider contract runs on, and what its tests share. */
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { isKalendsError, type ErrorCode, type KalendsError } from '../../domain/errors.ts';
import type { ProviderRoot } from '../../domain/profile.ts';
import type { HttpRequest, HttpResponse } from '../../providers/http.ts';
import type { Credentials, DeltaPage, Listing, Provider, Session } from '../../providers/provider.ts';
import { isMissing, usable, type MissingServer } from '../support/caldav-server.ts';

/** The other side, edited without the provider. Refs as in the port. */
export interface People {
  /** Returns the ref. */
  makeCalendar(name: string): Promise<string>;
  removeCalendar(ref: string): Promise<void>;
  put(calendar: string, ref: string, body: string): Promise<void>;
  remove(calendar: string, ref: string): Promise<void>;
}

/** What goes over the network, to be counted and spoilt. */
export interface Wire {
  /** Methods of the requests since the last `forget`. */
  readonly methods: readonly string[];
  /** The same with everything: what is here twice was asked twice. */
  readonly requests: readonly HttpRequest[];
  forget(): void;
  /** Changes every answer from now on, or does something before it arrives; null: no more. */
  tamper(change: ((response: HttpResponse, method: string) => HttpResponse | Promise<HttpResponse>) | null): void;
}

/** A server that gives nobody an answer. */
export interface DeadEnd {
  /** What a person would type to get there. */
  readonly address: string;
  /** The root of the account if it were there. */
  readonly root: (root: ProviderRoot) => ProviderRoot;
  /** All that arrived there, as text. */
  readonly received: () => string;
}

export interface DeadEnds {
  /** Each with the code that a request ends with there. */
  readonly failing: readonly (DeadEnd & { readonly code: ErrorCode })[];
  /** Takes a request and says nothing; `arrives` resolves with the next one. */
  readonly silent: DeadEnd & { readonly arrives: () => Promise<void> };
}

/** What is known of an implementation before it starts; decides which sentences can be tested on it at all. */
export interface Traits {
  /** There is another side, with people on it. */
  readonly otherSide: boolean;
  /** It speaks HTTP, so that answers can be spoilt and requests counted. */
  readonly network: boolean;
  /** Not everybody is let in. */
  readonly passwords: boolean;
  /** Deltas can be made to come in pages. */
  readonly pages: boolean;
  /** Resources have schedule tags (RFC 6638 3.2.10). */
  readonly scheduleTags: boolean;
}

export interface ProviderUnderTest {
  readonly provider: Provider;
  /** Another instance, which knows nothing of the first: what there is after a restart. */
  readonly afresh: () => Provider;
  /** Everything that a person may type to get to the same root. */
  readonly addresses: readonly string[];
  readonly credentials: Credentials;
  /** Null where every login is let in. */
  readonly wrong: Credentials | null;
  /** The root as it would be known had the account been elsewhere when it was connected; null where none ever moves. */
  readonly movedFrom: ((root: ProviderRoot) => ProviderRoot) | null;
  /** Null without another side. */
  readonly people: People | null;
  /** Null without a network. */
  readonly wire: Wire | null;
  readonly deadEnds: DeadEnds | null;
  /** From now on a delta brings at most this many at once; null: as ever. Null where nobody can make it so. */
  readonly paging: ((rows: number | null) => void) | null;
  stop(): Promise<void>;
}

/** An event of an hour; `\r\n`, as RFC 5545 wants it. Cyrus wants a UID to be unique over all calendars of a person. */
export const eventBody = (calendar: string, uid: string, summary: string): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Kalends//tests//EN',
    'BEGIN:VEVENT',
    `UID:${uid}@${calendar}`,
    'DTSTAMP:20261101T080000Z',
    'DTSTART:20261121T090000Z',
    'DTEND:20261121T100000Z',
    `SUMMARY:${summary}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

/** The same with somebody invited: what servers give schedule tags to. */
export const invitation = (calendar: string, uid: string, summary: string): string =>
  eventBody(calendar, uid, summary).replace(
    'END:VEVENT',
    'ORGANIZER:mailto:alice@example.com\r\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org\r\nEND:VEVENT',
  );

/** A resource name that every layer would like to escape differently. */
export const oddRef = 'a@b c+ü(1)~%25.ics';

/** The failure of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<KalendsError> {
  try {
    await promise;
  } catch (error) {
    if (isKalendsError(error)) return error;
    throw error;
  }
  throw new Error('it resolved');
}

/** All pages of a delta. */
export async function allChanges(
  provider: Provider,
  session: Session,
  calendar: string,
  token: string,
): Promise<DeltaPage> {
  const changed = new Map<string, DeltaPage['changed'][number]>();
  const removed = new Map<string, DeltaPage['removed'][number]>();
  let next = token;
  for (;;) {
    const page = await provider.changes(session, calendar, next);
    for (const one of page.changed) changed.set(one.ref, one);
    for (const one of page.removed) removed.set(one.ref, one);
    if (!page.more) return { ...page, changed: [...changed.values()], removed: [...removed.values()] };
    expect(page.token).not.toBe(next);
    next = page.token;
  }
}

export const tokenOf = ({ token }: { readonly token: string | null }): string => {
  if (token === null) throw new Error('there is no sync token');
  return token;
};

export const refsOf = (listing: Listing): string[] => listing.resources.map(({ ref }) => ref).sort();

/** Spoilt forms of a multistatus document. None may be taken for a listing. */
export const spoilt: readonly (readonly [string, (text: string) => string])[] = [
  ['is cut in the middle', (text) => text.slice(0, Math.floor(text.length / 2))],
  ['is cut before its last character', (text) => text.trimEnd().slice(0, -1)],
  ['has a second root', (text) => `${text.trimEnd()}<multistatus xmlns="DAV:"/>`],
  ['has trailing text', (text) => `${text.trimEnd()}and more`],
  ['is HTML', () => '<!DOCTYPE html><html><body>Please sign in</body></html>'],
  ['is not XML', () => '{"error":"maintenance"}'],
  ['is empty', () => ''],
];

/** A multistatus document that says something else of this resource. */
export const withRow = (text: string, ref: string, change: (row: string) => string): string =>
  text.replace(/<(\w+:)?response\b[^>]*>[\s\S]*?<\/\1response>/g, (row) => (row.includes(ref) ? change(row) : row));

type Register = (name: string, run: (context: TestContext) => unknown) => void;

/** What each test starts from. Registration leaves out the sentences that the traits make meaningless. */
export interface Suite {
  readonly always: Register;
  readonly withOtherSide: Register;
  readonly withNetwork: Register;
  readonly withPasswords: Register;
  readonly withPages: Register;
  readonly withScheduleTags: Register;
  readonly withoutOtherSide: Register;
  readonly under: (context: TestContext) => ProviderUnderTest;
  readonly withPeople: (context: TestContext) => ProviderUnderTest & { people: People };
  readonly withWire: (context: TestContext) => ProviderUnderTest & { people: People; wire: Wire; deadEnds: DeadEnds };
  readonly session: () => Session;
  /** The ref of a calendar that no other test knows. */
  readonly freshCalendar: (subject: ProviderUnderTest) => Promise<string>;
}

/** To be called inside `describe`: starts the subject before its tests and stops it after them. */
export function createSuite(
  name: string,
  traits: Traits,
  start: () => Promise<ProviderUnderTest | MissingServer>,
): Suite {
  let started: ProviderUnderTest | MissingServer = { missing: 'it was not started' };
  let session: Session | null = null;
  let serial = 0;

  beforeAll(async () => {
    started = await start();
    const subject = usable(name, started);
    if (subject === null) return;
    const { provider, addresses, credentials } = subject;
    const signal = new AbortController().signal;
    const { root } = await provider.connect({ address: addresses[0] ?? '', credentials }, signal);
    session = { root, credentials, signal };
  });

  afterAll(async () => {
    if (!isMissing(started)) await started.stop();
  });

  const currentSession = (): Session => {
    if (session === null) throw new Error('nothing is connected');
    return session;
  };
  const under: Suite['under'] = (context) => (isMissing(started) ? context.skip(started.missing) : started);
  const withPeople: Suite['withPeople'] = (context) => {
    const { people, ...rest } = under(context);
    if (people === null) throw new Error('the traits promise another side');
    return { ...rest, people };
  };
  const without: Register = () => undefined;
  const where = (holds: boolean): Register => (holds ? test : without);
  return {
    always: test,
    withOtherSide: where(traits.otherSide),
    withNetwork: where(traits.network),
    withPasswords: where(traits.passwords),
    withPages: where(traits.pages),
    withScheduleTags: where(traits.scheduleTags),
    withoutOtherSide: where(!traits.otherSide),
    under,
    withPeople,
    withWire: (context) => {
      const { wire, deadEnds, ...rest } = withPeople(context);
      if (wire === null || deadEnds === null) throw new Error('the traits promise a network');
      return { ...rest, wire, deadEnds };
    },
    session: currentSession,
    freshCalendar: async (subject) => {
      serial += 1;
      if (subject.people !== null) return subject.people.makeCalendar(`contract ${serial}`);
      const [only] = await subject.provider.listCalendars(currentSession());
      return only?.ref ?? '';
    },
  };
}
