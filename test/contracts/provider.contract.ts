/** The contract suite of the provider port: every numbered sentence of `providers/provider.ts`, on any implementation. */
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { isKalendsError, type KalendsError } from '../../domain/errors.ts';
import type { HttpResponse } from '../../providers/http.ts';
import type { Credentials, DeltaPage, Listing, Provider, Session } from '../../providers/provider.ts';

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
  forget(): void;
  /** Changes every answer from now on; null: no more. */
  tamper(change: ((response: HttpResponse, method: string) => HttpResponse) | null): void;
}

export interface ProviderUnderTest {
  readonly provider: Provider;
  /** Everything that a person may type to get to the same root. */
  readonly addresses: readonly string[];
  readonly credentials: Credentials;
  /** Null where every login is let in. */
  readonly wrong: Credentials | null;
  /** Null without another side. */
  readonly people: People | null;
  /** Null without a network. */
  readonly wire: Wire | null;
  stop(): Promise<void>;
}

export interface Missing {
  readonly missing: string;
}

/** An event of an hour; `\r\n`, as RFC 5545 wants it. */
export const eventBody = (uid: string, summary: string): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Kalends//tests//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20261101T080000Z',
    'DTSTART:20261121T090000Z',
    'DTEND:20261121T100000Z',
    `SUMMARY:${summary}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

/** A resource name that every layer would like to escape differently. */
const oddRef = 'a@b c+ü(1)~%25.ics';

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
async function allChanges(provider: Provider, session: Session, calendar: string, token: string): Promise<DeltaPage> {
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

const tokenOf = ({ token }: { readonly token: string | null }): string => {
  if (token === null) throw new Error('there is no sync token');
  return token;
};

const refsOf = (listing: Listing): string[] => listing.resources.map(({ ref }) => ref).sort();

/** Spoilt forms of a multistatus document. None may be taken for a listing. */
const spoilt: readonly (readonly [string, (text: string) => string])[] = [
  ['is cut in the middle', (text) => text.slice(0, Math.floor(text.length / 2))],
  ['is cut before its last character', (text) => text.trimEnd().slice(0, -1)],
  ['has a second root', (text) => `${text.trimEnd()}<multistatus xmlns="DAV:"/>`],
  ['has trailing text', (text) => `${text.trimEnd()}and more`],
  ['is HTML', () => '<!DOCTYPE html><html><body>Please sign in</body></html>'],
  ['is not XML', () => '{"error":"maintenance"}'],
  ['is empty', () => ''],
];

export function providerContract(name: string, start: () => Promise<ProviderUnderTest | Missing>): void {
  describe(`the provider port on ${name}`, () => {
    let started: ProviderUnderTest | Missing;
    let session: Session;

    beforeAll(async () => {
      started = await start();
      if ('missing' in started) {
        if (process.env['CI'] !== undefined) throw new Error(`under CI this suite must run: ${started.missing}`);
        console.warn(`\n*** the provider contract on ${name} is skipped: ${started.missing} ***\n`);
        return;
      }
      const { provider, addresses, credentials } = started;
      const signal = new AbortController().signal;
      const { root } = await provider.connect({ address: addresses[0] ?? '', credentials }, signal);
      session = { root, credentials, signal };
    });

    afterAll(async () => {
      if (started !== undefined && !('missing' in started)) await started.stop();
    });

    const under = (context: TestContext): ProviderUnderTest => {
      if ('missing' in started) return context.skip(started.missing);
      return started;
    };

    /** For what needs another side. */
    const withPeople = (context: TestContext): ProviderUnderTest & { people: People } => {
      const { people, ...rest } = under(context);
      return people === null ? context.skip('no other side') : { ...rest, people };
    };

    let serial = 0;
    const freshCalendar = async (test: ProviderUnderTest): Promise<string> => {
      serial += 1;
      if (test.people !== null) return test.people.makeCalendar(`contract ${serial}`);
      const [only] = await test.provider.listCalendars(session);
      return only?.ref ?? '';
    };

    const create = (test: ProviderUnderTest, calendar: string, ref: string, body: string) =>
      test.provider.put(session, { calendar, ref, body, format: 'icalendar', precondition: { kind: 'create' } });

    test('1. connect finds the same root from everything that a person may type', async (context) => {
      const { provider, addresses, credentials } = under(context);
      for (const address of addresses) {
        const connected = await provider.connect({ address, credentials }, session.signal);
        expect(connected.root, address).toEqual(session.root);
        expect(connected.name).not.toBe('');
      }
    });

    test('1. connect refuses a wrong password', async (context) => {
      const { provider, addresses, wrong } = under(context);
      if (wrong === null) return context.skip('every login is let in');
      const refused = await failure(provider.connect({ address: addresses[0] ?? '', credentials: wrong }, session.signal));
      expect(refused.code).toBe('unauthorized');
      expect(refused.verdict).toBe('auth_suspect');
    });

    test('1. connect writes nothing', async (context) => {
      const { provider, addresses, credentials, wire } = under(context);
      const before = await provider.listCalendars(session);
      wire?.forget();
      await provider.connect({ address: addresses[0] ?? '', credentials }, session.signal);
      const reading = ['PROPFIND', 'GET', 'OPTIONS', 'HEAD', 'REPORT'];
      expect((wire?.methods ?? []).filter((method) => !reading.includes(method))).toEqual([]);
      expect(await provider.listCalendars(session)).toEqual(before);
    });

    test('2. listCalendars returns every calendar', async (context) => {
      const { provider, people } = withPeople(context);
      const before = (await provider.listCalendars(session)).map(({ ref }) => ref);
      const made = [await people.makeCalendar('first of two'), await people.makeCalendar('second of two')];
      const after = await provider.listCalendars(session);
      expect(after.map(({ ref }) => ref).sort()).toEqual([...before, ...made].sort());
      expect(after.find(({ ref }) => ref === made[0])).toMatchObject({ name: 'first of two', readOnly: false });
      await people.removeCalendar(made[1] ?? '');
      expect((await provider.listCalendars(session)).map(({ ref }) => ref)).not.toContain(made[1]);
    });

    test('2. a provider without another side has one primary calendar', async (context) => {
      const { provider, people } = under(context);
      if (people !== null) return context.skip('it has another side');
      expect(await provider.listCalendars(session)).toMatchObject([{ primary: true, readOnly: false }]);
    });

    test('2. listCalendars rejects what is not a whole list', async (context) => {
      const { provider, wire } = withPeople(context);
      if (wire === null) return context.skip('no network');
      for (const [how, spoil] of spoilt) {
        wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
        try {
          const refused = await failure(provider.listCalendars(session));
          expect(['not_multistatus', 'malformed_multistatus'], `a list that ${how}`).toContain(refused.code);
        } finally {
          wire.tamper(null);
        }
      }
    });

    test('3. version stays while nothing happens and changes with every change', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      const empty = await provider.version(session, calendar);
      expect(await provider.version(session, calendar)).toEqual(empty);
      await people.put(calendar, 'one.ics', eventBody('one', 'One'));
      const one = await provider.version(session, calendar);
      expect(one).not.toEqual(empty);
      await people.remove(calendar, 'one.ics');
      expect(await provider.version(session, calendar)).not.toEqual(one);
    });

    test('3. what list returns beside the resources was true before them', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      await people.put(calendar, 'one.ics', eventBody('one', 'One'));
      const listing = await provider.list(session, calendar, { withBodies: true });
      await people.put(calendar, 'two.ics', eventBody('two', 'Two'));
      const delta = await allChanges(provider, session, calendar, tokenOf(listing));
      expect(delta.changed.map(({ ref }) => ref)).toContain('two.ics');
      expect(delta.removed).toEqual([]);
    });

    for (const withBodies of [false, true]) {
      test(`4. list returns every resource with its etag (withBodies: ${withBodies})`, async (context) => {
        const { people, provider } = withPeople(context);
        const calendar = await freshCalendar(under(context));
        expect((await provider.list(session, calendar, { withBodies })).resources).toEqual([]);
        const refs = Array.from({ length: 12 }, (_, index) => `event-${String(index).padStart(2, '0')}.ics`);
        for (const ref of refs) await people.put(calendar, ref, eventBody(ref, `The event ${ref}`));
        const listing = await provider.list(session, calendar, { withBodies });
        expect(refsOf(listing)).toEqual(refs);
        for (const { ref, etag, observation } of listing.resources) {
          const got = await provider.get(session, calendar, ref);
          expect(got.kind === 'found' ? got.observation.etag : null).toBe(etag);
          if (observation === null) continue;
          expect(observation).toMatchObject({ ref, etag, format: 'icalendar' });
          expect(observation.body).toContain(`SUMMARY:The event ${ref}`);
        }
      });

      test(`4. list rejects what is not a whole document (withBodies: ${withBodies})`, async (context) => {
        const { people, provider, wire } = withPeople(context);
        if (wire === null) return context.skip('no network');
        const calendar = await freshCalendar(under(context));
        await people.put(calendar, 'one.ics', eventBody('one', 'One'));
        for (const [how, spoil] of spoilt) {
          wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
          try {
            const refused = await failure(provider.list(session, calendar, { withBodies }));
            expect(['not_multistatus', 'malformed_multistatus'], `a listing that ${how}`).toContain(refused.code);
          } finally {
            wire.tamper(null);
          }
        }
      });
    }

    test('4. list of a calendar that is not there rejects', async (context) => {
      const { provider } = withPeople(context);
      expect((await failure(provider.list(session, 'no-such-calendar/', { withBodies: false }))).code).toBe('not_found');
    });

    test('5. changes returns what changed and what went, and a token to continue from', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      for (const ref of ['stays.ics', 'changes.ics', 'goes.ics']) await people.put(calendar, ref, eventBody(ref, ref));
      const before = tokenOf(await provider.list(session, calendar, { withBodies: false }));
      await people.put(calendar, 'changes.ics', eventBody('changes.ics', 'another summary'));
      await people.put(calendar, 'comes.ics', eventBody('comes.ics', 'new'));
      await people.remove(calendar, 'goes.ics');
      const delta = await allChanges(provider, session, calendar, before);
      expect(delta.changed.map(({ ref }) => ref).sort()).toEqual(['changes.ics', 'comes.ics']);
      expect(delta.removed).toMatchObject([{ ref: 'goes.ics', evidence: { kind: 'tombstone', status: 404 } }]);
      const after = await allChanges(provider, session, calendar, delta.token);
      expect(after.changed).toEqual([]);
      expect(after.removed).toEqual([]);
    });

    test('5. a token that is not accepted rejects with verdict resync', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      await people.put(calendar, 'one.ics', eventBody('one', 'One'));
      for (const token of ['http://example.com/not-a-token/1', 'nonsense']) {
        expect((await failure(provider.changes(session, calendar, token))).verdict, token).toBe('resync');
      }
    });

    test('5. changes rejects what is not a whole document', async (context) => {
      const { people, provider, wire } = withPeople(context);
      if (wire === null) return context.skip('no network');
      const calendar = await freshCalendar(under(context));
      const token = tokenOf(await provider.version(session, calendar));
      await people.put(calendar, 'one.ics', eventBody('one', 'One'));
      for (const [how, spoil] of spoilt) {
        wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
        try {
          const refused = await failure(provider.changes(session, calendar, token));
          expect(['not_multistatus', 'malformed_multistatus'], `a delta that ${how}`).toContain(refused.code);
        } finally {
          wire.tamper(null);
        }
      }
    });

    test('6. fetch accounts for every ref asked, once, and for no other', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      for (const ref of ['one.ics', 'two.ics', 'not-asked.ics']) await people.put(calendar, ref, eventBody(ref, ref));
      const asked = ['one.ics', 'nowhere.ics', 'two.ics', 'one.ics', 'nor-here.ics'];
      const { answered, missing, unanswered } = await provider.fetch(session, calendar, asked);
      expect(answered.map(({ ref }) => ref).sort()).toEqual(['one.ics', 'two.ics']);
      expect([...missing, ...unanswered].sort()).toEqual(['nor-here.ics', 'nowhere.ics']);
      expect(answered.find(({ ref }) => ref === 'two.ics')?.body).toContain('SUMMARY:two.ics');
      expect(await provider.fetch(session, calendar, [])).toEqual({ answered: [], missing: [], unanswered: [] });
    });

    test('7. get answers found for what is there and gone, with evidence, for what is not', async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      await people.put(calendar, 'one.ics', eventBody('one', 'One'));
      expect(await provider.get(session, calendar, 'one.ics')).toMatchObject({
        kind: 'found',
        observation: { ref: 'one.ics', body: expect.stringContaining('SUMMARY:One') },
      });
      await people.remove(calendar, 'one.ics');
      expect(await provider.get(session, calendar, 'one.ics')).toMatchObject({
        kind: 'gone',
        evidence: { kind: 'direct_get', status: 404, collectionStatus: 207 },
      });
    });

    test('7. get rejects where the calendar is not readable', async (context) => {
      const { provider } = withPeople(context);
      const refused = await failure(provider.get(session, 'no-such-calendar/', 'one.ics'));
      expect(isKalendsError(refused)).toBe(true);
    });

    test('8. put creates only where nothing is', async (context) => {
      const test = withPeople(context);
      const calendar = await freshCalendar(test);
      const written = await create(test, calendar, 'one.ics', eventBody('one', 'One'));
      expect(written).toMatchObject({ ref: 'one.ics', format: 'icalendar' });
      const got = await test.provider.get(session, calendar, 'one.ics');
      expect(got.kind === 'found' ? got.observation.etag : null).toBe(written.etag);
      expect((await failure(create(test, calendar, 'one.ics', eventBody('one', 'Two')))).verdict).toBe('conflict');
      const unchanged = await test.provider.get(session, calendar, 'one.ics');
      expect(unchanged).toMatchObject({ observation: { body: expect.stringContaining('SUMMARY:One') } });
    });

    test('8. put replaces only the version that is named', async (context) => {
      const test = withPeople(context);
      const calendar = await freshCalendar(test);
      const first = await create(test, calendar, 'one.ics', eventBody('one', 'One'));
      const replace = (etag: string | null, summary: string) =>
        test.provider.put(session, {
          calendar,
          ref: 'one.ics',
          body: eventBody('one', summary),
          format: 'icalendar',
          precondition: { kind: 'etag', etag: etag ?? '' },
        });
      test.wire?.forget();
      const second = await replace(first.etag, 'Two');
      expect((test.wire?.methods ?? ['PUT']).filter((method) => method === 'PUT')).toEqual(['PUT']);
      expect(second.etag).not.toBe(first.etag);
      expect((await failure(replace(first.etag, 'Three'))).verdict).toBe('conflict');
      await test.people.remove(calendar, 'one.ics');
      expect((await failure(replace(second.etag, 'Four'))).verdict).toBe('conflict');
      expect(await test.provider.get(session, calendar, 'one.ics')).toMatchObject({ kind: 'gone' });
    });

    test('8. put without another side returns the resource as given, the same for the same', async (context) => {
      const test = under(context);
      if (test.people !== null) return context.skip('it has another side');
      const calendar = await freshCalendar(test);
      const body = eventBody('one', 'One');
      const written = await create(test, calendar, 'one.ics', body);
      expect(written).toEqual({ ref: 'one.ics', etag: written.etag, scheduleTag: null, body, format: 'icalendar' });
      expect(await create(test, calendar, 'one.ics', body)).toEqual(written);
      expect((await create(test, calendar, 'one.ics', eventBody('one', 'Two'))).etag).not.toBe(written.etag);
    });

    test('8. put of what the server refuses rejects, whatever status it wraps that in', async (context) => {
      const test = withPeople(context);
      if (test.wire === null) return context.skip('memory takes everything');
      const calendar = await freshCalendar(test);
      const refused = await failure(create(test, calendar, 'garbage.ics', 'this is no calendar'));
      expect(refused.verdict).toBe('item_permanent');
      await create(test, calendar, 'one.ics', eventBody('same-uid', 'One'));
      const twice = await failure(create(test, calendar, 'two.ics', eventBody('same-uid', 'Two')));
      expect(twice.verdict).toBe('conflict');
      expect(refsOf(await test.provider.list(session, calendar, { withBodies: false }))).toEqual(['one.ics']);
    });

    test('8. put reads back what the server did not vouch for', async (context) => {
      const test = withPeople(context);
      if (test.wire === null) return context.skip('no network');
      const calendar = await freshCalendar(test);
      test.wire.tamper((response, method) => {
        if (method !== 'PUT') return response;
        const { etag: _removed, ...headers } = response.headers;
        return { ...response, headers };
      });
      test.wire.forget();
      try {
        const written = await create(test, calendar, 'one.ics', eventBody('one', 'One'));
        expect(test.wire.methods).toEqual(['PUT', 'GET']);
        expect(written.etag).not.toBeNull();
        expect(written.body).toContain('SUMMARY:One');
      } finally {
        test.wire.tamper(null);
      }
    });

    test('9. remove takes away only the version that is named', async (context) => {
      const test = withPeople(context);
      const calendar = await freshCalendar(test);
      const first = await create(test, calendar, 'one.ics', eventBody('one', 'One'));
      await test.people.put(calendar, 'one.ics', eventBody('one', 'Two'));
      const remove = (etag: string | null) =>
        test.provider.remove(session, {
          calendar,
          ref: 'one.ics',
          precondition: { kind: 'etag', etag: etag ?? '' },
        });
      expect((await failure(remove(first.etag))).verdict).toBe('conflict');
      const got = await test.provider.get(session, calendar, 'one.ics');
      test.wire?.forget();
      expect((await remove(got.kind === 'found' ? got.observation.etag : null)).status).toBeLessThan(300);
      expect((test.wire?.methods ?? ['DELETE']).filter((method) => method === 'DELETE')).toEqual(['DELETE']);
      expect(await test.provider.get(session, calendar, 'one.ics')).toMatchObject({ kind: 'gone' });
    });

    test('9. remove of what is gone already resolves as gone', async (context) => {
      const { provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      const precondition = { kind: 'etag', etag: '"some-version"' } as const;
      expect([404, 410]).toContain((await provider.remove(session, { calendar, ref: 'none.ics', precondition })).status);
      expect([404, 410]).toContain(
        (await provider.remove(session, { calendar, ref: 'none.ics', precondition: null })).status,
      );
    });

    test('10. makeCalendar creates a calendar once', async (context) => {
      const { provider } = under(context);
      const calendar = { ref: provider.newCalendarRef(session.root, 'Räume & <Orte>'), name: 'Räume & <Orte>', color: null };
      if (!provider.capabilities.makeCalendar) {
        expect((await failure(provider.makeCalendar(session, calendar))).code).toBe('method_unsupported');
        return;
      }
      expect(provider.newCalendarRef(session.root, 'Räume & <Orte>')).toBe(calendar.ref);
      const made = await provider.makeCalendar(session, calendar);
      expect(made).toMatchObject({ ref: calendar.ref, name: calendar.name });
      expect((await provider.listCalendars(session)).find(({ ref }) => ref === calendar.ref)).toMatchObject({
        name: calendar.name,
      });
      expect((await failure(provider.makeCalendar(session, calendar))).verdict).toBe('conflict');
    });

    test('11. getCalendar answers found, or gone with evidence', async (context) => {
      const { provider, people } = withPeople(context);
      const calendar = await people.makeCalendar('soon gone');
      expect(await provider.getCalendar(session, calendar)).toEqual({ kind: 'found' });
      await people.removeCalendar(calendar);
      expect(await provider.getCalendar(session, calendar)).toMatchObject({
        kind: 'gone',
        evidence: { kind: 'direct_get', status: 404, collectionStatus: 207 },
      });
    });

    test('12. probe proves that the credentials work with one request', async (context) => {
      const { provider, wire } = under(context);
      wire?.forget();
      await provider.probe(session);
      expect(wire?.methods.length ?? 1).toBe(1);
    });

    test('12. probe rejects a wrong password', async (context) => {
      const { provider, wrong } = under(context);
      if (wrong === null) return context.skip('every login is let in');
      expect((await failure(provider.probe({ ...session, credentials: wrong }))).code).toBe('unauthorized');
    });

    test('13. a resource has the same ref in every answer, however odd its name', async (context) => {
      const test = withPeople(context);
      const calendar = await freshCalendar(test);
      const token = tokenOf(await test.provider.version(session, calendar));
      const written = await create(test, calendar, oddRef, eventBody('odd', 'Odd'));
      expect(written.ref).toBe(oddRef);
      expect(refsOf(await test.provider.list(session, calendar, { withBodies: false }))).toEqual([oddRef]);
      expect(refsOf(await test.provider.list(session, calendar, { withBodies: true }))).toEqual([oddRef]);
      const delta = await allChanges(test.provider, session, calendar, token);
      expect(delta.changed.map(({ ref }) => ref)).toEqual([oddRef]);
      const fetched = await test.provider.fetch(session, calendar, [oddRef]);
      expect(fetched.answered.map(({ ref }) => ref)).toEqual([oddRef]);
      expect(await test.provider.get(session, calendar, oddRef)).toMatchObject({ observation: { ref: oddRef } });
      const after = tokenOf(await test.provider.version(session, calendar));
      await test.provider.remove(session, {
        calendar,
        ref: oddRef,
        precondition: { kind: 'etag', etag: written.etag ?? '' },
      });
      const removal = await allChanges(test.provider, session, calendar, after);
      expect(removal.removed.map(({ ref }) => ref)).toEqual([oddRef]);
    });

    test('13. the ref of a resource that we create repeats for the same name and differs for others', (context) => {
      const { provider } = under(context);
      const names = ['abc', 'a/b', 'a:b', 'A b', 'ä', '..', 'x'.repeat(300)];
      const refs = names.map((one) => provider.newResourceRef(one));
      expect(new Set(refs).size).toBe(names.length);
      expect(names.map((one) => provider.newResourceRef(one))).toEqual(refs);
      for (const ref of refs) expect(ref).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/);
    });

    test('every method rejects with a KalendsError, and sends nothing, once its signal is aborted', async (context) => {
      const { provider, addresses, credentials, wire, people } = under(context);
      if (people === null) return context.skip('nothing is ever asked');
      const calendar = await freshCalendar(under(context));
      const signal = AbortSignal.abort();
      const stopped: Session = { ...session, signal };
      const write = { calendar, ref: 'one.ics', body: eventBody('one', 'One'), format: 'icalendar' } as const;
      wire?.forget();
      const calls: readonly (() => Promise<unknown>)[] = [
        () => provider.connect({ address: addresses[0] ?? '', credentials }, signal),
        () => provider.listCalendars(stopped),
        () => provider.getCalendar(stopped, calendar),
        () => provider.version(stopped, calendar),
        () => provider.list(stopped, calendar, { withBodies: true }),
        () => provider.changes(stopped, calendar, 'token'),
        () => provider.fetch(stopped, calendar, ['one.ics']),
        () => provider.get(stopped, calendar, 'one.ics'),
        () => provider.put(stopped, { ...write, precondition: { kind: 'create' } }),
        () => provider.remove(stopped, { calendar, ref: 'one.ics', precondition: null }),
        () => provider.makeCalendar(stopped, { ref: 'new/', name: 'new', color: null }),
        () => provider.probe(stopped),
      ];
      for (const call of calls) expect((await failure(call())).code).toBe('shutting_down');
      expect(wire?.methods ?? []).toEqual([]);
    });

    test('what cannot be pulled says so', async (context) => {
      const { provider } = under(context);
      if (provider.capabilities.pull) return context.skip('it can be pulled');
      const asked = provider.list(session, 'calendar/', { withBodies: false });
      expect((await failure(asked)).code).toBe('method_unsupported');
    });
  });
}
