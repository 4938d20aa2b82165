/** Sentences 1, 2, 6, 7, 11, 12 and 15 of the provider port: what asks for an account, its calendars and single resources. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../domain/errors.ts';
import { eventBody, failure, spoilt, withRow, type Suite } from './provider-subject.ts';

export function readingContract(suite: Suite): void {
  const { always, withOtherSide, withNetwork, withPasswords, withoutOtherSide } = suite;
  const { under, withPeople, withWire, session, freshCalendar } = suite;

  always('1. connect finds the same root from everything that a person may type', async (context) => {
    const { provider, addresses, credentials } = under(context);
    for (const address of addresses) {
      const connected = await provider.connect({ address, credentials }, session().signal);
      expect(connected.root, address).toEqual(session().root);
      expect(connected.name).not.toBe('');
    }
  });

  withPasswords('1. connect refuses a wrong password', async (context) => {
    const { provider, addresses, wrong } = under(context);
    if (wrong === null) throw new Error('the traits promise passwords');
    const refused = await failure(
      provider.connect({ address: addresses[0] ?? '', credentials: wrong }, session().signal),
    );
    expect(refused.code).toBe('unauthorized');
    expect(refused.verdict).toBe('auth_suspect');
  });

  always('1. connect writes nothing', async (context) => {
    const { provider, addresses, credentials, wire } = under(context);
    const before = await provider.listCalendars(session());
    wire?.forget();
    await provider.connect({ address: addresses[0] ?? '', credentials }, session().signal);
    const reading = new Set(['PROPFIND', 'GET', 'OPTIONS', 'HEAD', 'REPORT']);
    expect((wire?.methods ?? []).filter((method) => !reading.has(method))).toEqual([]);
    expect(await provider.listCalendars(session())).toEqual(before);
  });

  withOtherSide('2. listCalendars returns every calendar', async (context) => {
    const { provider, people } = withPeople(context);
    const before = (await provider.listCalendars(session())).map(({ ref }) => ref);
    const made = [await people.makeCalendar('first of two'), await people.makeCalendar('second of two')];
    const after = await provider.listCalendars(session());
    expect(after.map(({ ref }) => ref).sort()).toEqual([...before, ...made].sort());
    expect(after.find(({ ref }) => ref === made[0])).toMatchObject({ name: 'first of two', readOnly: false });
    await people.removeCalendar(made[1] ?? '');
    expect((await provider.listCalendars(session())).map(({ ref }) => ref)).not.toContain(made[1]);
  });

  withoutOtherSide('2. a provider without another side has one primary calendar', async (context) => {
    const { provider } = under(context);
    expect(await provider.listCalendars(session())).toMatchObject([{ primary: true, readOnly: false }]);
  });

  withNetwork('2. listCalendars rejects what is not a whole list', async (context) => {
    const { provider, wire } = withWire(context);
    for (const [how, spoil] of spoilt) {
      wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
      try {
        const refused = await failure(provider.listCalendars(session()));
        expect(['not_multistatus', 'malformed_multistatus'], `a list that ${how}`).toContain(refused.code);
      } finally {
        wire.tamper(null);
      }
    }
  });

  withOtherSide('6. fetch accounts for every ref asked, once, and for no other', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    for (const ref of ['one.ics', 'two.ics', 'not-asked.ics'])
      await people.put(calendar, ref, eventBody(calendar, ref, ref));
    const asked = ['one.ics', 'nowhere.ics', 'two.ics', 'one.ics', 'nor-here.ics'];
    const { answered, missing, unanswered } = await provider.fetch(session(), calendar, asked);
    expect(answered.map(({ ref }) => ref).sort()).toEqual(['one.ics', 'two.ics']);
    expect([...missing].sort()).toEqual(['nor-here.ics', 'nowhere.ics']);
    expect(unanswered).toEqual([]);
    expect(answered.find(({ ref }) => ref === 'two.ics')?.body).toContain('SUMMARY:two.ics');
    expect(await provider.fetch(session(), calendar, [])).toEqual({ answered: [], missing: [], unanswered: [] });
  });

  withNetwork(
    '6. what the server left out, or failed on, is unanswered; only 404 and 410 are missing',
    async (context) => {
      const { people, provider, wire } = withWire(context);
      const calendar = await freshCalendar(under(context));
      await people.put(calendar, 'there.ics', eventBody(calendar, 'there', 'There'));
      const fetchedWith = async (change: (text: string) => string) => {
        wire.tamper((response) => {
          const text = change(response.text);
          expect(text).not.toBe(response.text);
          return { ...response, text };
        });
        try {
          const fetched = await provider.fetch(session(), calendar, ['there.ics', 'nowhere.ics']);
          return { ...fetched, answered: fetched.answered.map(({ ref }) => ref) };
        } finally {
          wire.tamper(null);
        }
      };
      const nowhereIs = (text: string, status: number) =>
        withRow(text, 'nowhere.ics', (row) => row.replace('HTTP/1.1 404', `HTTP/1.1 ${status}`));
      for (const left of ['there.ics', 'nowhere.ics']) {
        const answered = left === 'there.ics' ? [] : ['there.ics'];
        const missing = left === 'there.ics' ? ['nowhere.ics'] : [];
        expect(await fetchedWith((text) => withRow(text, left, () => ''))).toEqual({
          answered,
          missing,
          unanswered: [left],
        });
      }
      expect(await fetchedWith((text) => nowhereIs(text, 410))).toEqual({
        answered: ['there.ics'],
        missing: ['nowhere.ics'],
        unanswered: [],
      });
      for (const status of [403, 500, 503]) {
        const fetched = await fetchedWith((text) => nowhereIs(text, status));
        expect(fetched, `${status}`).toEqual({ answered: ['there.ics'], missing: [], unanswered: ['nowhere.ics'] });
      }
    },
  );

  withOtherSide('7. get answers found for what is there and gone, with evidence, for what is not', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    expect(await provider.get(session(), calendar, 'one.ics')).toMatchObject({
      kind: 'found',
      observation: { ref: 'one.ics', body: expect.stringContaining('SUMMARY:One') },
    });
    await people.remove(calendar, 'one.ics');
    expect(await provider.get(session(), calendar, 'one.ics')).toMatchObject({
      kind: 'gone',
      evidence: { kind: 'direct_get', status: 404, collectionStatus: 207 },
    });
  });

  withOtherSide('7. get of a calendar that is not there rejects with that', async (context) => {
    const { provider } = withPeople(context);
    const refused = await failure(provider.get(session(), 'no-such-calendar/', 'one.ics'));
    expect(refused).toMatchObject({ code: 'not_found', verdict: 'gone' });
  });

  withNetwork(
    '7. get of what is not there rejects with the failure of a calendar that does not answer',
    async (context) => {
      const { provider, wire } = withWire(context);
      const calendar = await freshCalendar(under(context));
      const failures: readonly (readonly [number, ErrorCode])[] = [
        [401, 'unauthorized'],
        [403, 'forbidden'],
        [404, 'not_found'],
        [500, 'server_error'],
        [503, 'unavailable'],
      ];
      for (const [status, code] of failures) {
        wire.tamper((response, method) => (method === 'PROPFIND' ? { ...response, status, text: '' } : response));
        try {
          expect((await failure(provider.get(session(), calendar, 'nowhere.ics'))).code, `${status}`).toBe(code);
        } finally {
          wire.tamper(null);
        }
      }
      expect(await provider.get(session(), calendar, 'nowhere.ics')).toMatchObject({ kind: 'gone' });
    },
  );

  withOtherSide('11. getCalendar answers found, or gone with evidence', async (context) => {
    const { provider, people } = withPeople(context);
    const calendar = await people.makeCalendar('soon gone');
    expect(await provider.getCalendar(session(), calendar)).toEqual({ kind: 'found' });
    await people.removeCalendar(calendar);
    expect(await provider.getCalendar(session(), calendar)).toMatchObject({
      kind: 'gone',
      evidence: { kind: 'direct_get', status: 404, collectionStatus: 207 },
    });
  });

  always('12. probe proves that the credentials work with one request', async (context) => {
    const { provider, wire } = under(context);
    wire?.forget();
    await provider.probe(session());
    expect(wire?.methods.length ?? 1).toBe(1);
  });

  withOtherSide(
    '15. rediscover finds an account that is elsewhere, and answers null where it is not',
    async (context) => {
      const { provider, addresses, movedFrom, wire } = withPeople(context);
      if (movedFrom === null) throw new Error('whatever has another side may move');
      const [address = ''] = addresses;
      wire?.forget();
      const lost = { ...session(), root: movedFrom(session().root) };
      expect(lost.root).not.toEqual(session().root);
      for (const typed of [address, null]) {
        expect(await provider.rediscover(session(), typed)).toBeNull();
        expect(await provider.rediscover(lost, typed)).toEqual(session().root);
      }
      const reading = new Set(['PROPFIND', 'GET', 'OPTIONS', 'HEAD', 'REPORT']);
      expect((wire?.methods ?? []).filter((method) => !reading.has(method))).toEqual([]);
    },
  );

  withPasswords('15. rediscover proves the credentials', async (context) => {
    const { provider, wrong } = under(context);
    if (wrong === null) throw new Error('the traits promise passwords');
    const refused = await failure(provider.rediscover({ ...session(), credentials: wrong }, null));
    expect(refused.code).toBe('unauthorized');
  });

  withoutOtherSide('15. a provider without another side rejects', async (context) => {
    const { provider } = under(context);
    expect(provider.capabilities.rediscover).toBe(false);
    expect((await failure(provider.rediscover(session(), null))).code).toBe('method_unsupported');
  });

  withPasswords('12. probe rejects a wrong password', async (context) => {
    const { provider, wrong } = under(context);
    if (wrong === null) throw new Error('the traits promise passwords');
    expect((await failure(provider.probe({ ...session(), credentials: wrong }))).code).toBe('unauthorized');
  });
}
