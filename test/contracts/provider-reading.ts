/** Sentences 1–7, 11, 12 and 15 of the provider port: what reads. */
import { expect } from 'vitest';
import { isKalendsError } from '../../domain/errors.ts';
import { unseenByListing } from './edits-meanwhile.ts';
import { allChanges, eventBody, failure, refsOf, spoilt, tokenOf, withRow, type Suite } from './provider-subject.ts';

export function readingContract(suite: Suite): void {
  const { always, withOtherSide, withNetwork, withPasswords, withPages, withoutOtherSide } = suite;
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

  withOtherSide('3. version stays while nothing happens and changes with every change', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    const empty = await provider.version(session(), calendar);
    expect(await provider.version(session(), calendar)).toEqual(empty);
    await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    const one = await provider.version(session(), calendar);
    expect(one).not.toEqual(empty);
    await people.remove(calendar, 'one.ics');
    expect(await provider.version(session(), calendar)).not.toEqual(one);
  });

  withOtherSide('3. what list returns beside the resources was true before them', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    const listing = await provider.list(session(), calendar, { withBodies: true, inParts: false });
    await people.put(calendar, 'two.ics', eventBody(calendar, 'two', 'Two'));
    const delta = await allChanges(provider, session(), calendar, tokenOf(listing));
    expect(delta.changed.map(({ ref }) => ref)).toContain('two.ics');
    expect(delta.removed).toEqual([]);
  });

  for (const [how, options] of [
    ['whole', { withBodies: false, inParts: false }],
    ['with bodies', { withBodies: true, inParts: false }],
    ['in parts', { withBodies: false, inParts: true }],
  ] as const) {
    withNetwork(
      `3. what happens between the requests of a listing is in it or comes after it (${how})`,
      async (context) => {
        const subject = withWire(context);
        const place = { session: session(), calendar: () => freshCalendar(subject) };
        expect(await unseenByListing(subject, place, options)).toEqual([]);
      },
    );
  }

  for (const withBodies of [false, true]) {
    withOtherSide(`4. list returns every resource with its etag (withBodies: ${withBodies})`, async (context) => {
      const { people, provider } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      expect((await provider.list(session(), calendar, { withBodies, inParts: false })).resources).toEqual([]);
      const refs = Array.from({ length: 12 }, (_, index) => `event-${String(index).padStart(2, '0')}.ics`);
      for (const ref of refs) await people.put(calendar, ref, eventBody(calendar, ref, `The event ${ref}`));
      const listing = await provider.list(session(), calendar, { withBodies, inParts: false });
      expect(refsOf(listing)).toEqual(refs);
      for (const { ref, etag, observation } of listing.resources) {
        const got = await provider.get(session(), calendar, ref);
        expect(got.kind === 'found' ? got.observation.etag : null).toBe(etag);
        if (observation === null) continue;
        expect(observation).toMatchObject({ ref, etag, format: 'icalendar' });
        expect(observation.body).toContain(`SUMMARY:The event ${ref}`);
      }
    });

    withOtherSide(
      `4. a part of a listing and the changes from its token are the whole (withBodies: ${withBodies})`,
      async (context) => {
        const { people, provider } = withPeople(context);
        const calendar = await freshCalendar(under(context));
        const refs = Array.from({ length: 7 }, (_, index) => `part-${index}.ics`);
        for (const ref of refs) await people.put(calendar, ref, eventBody(calendar, ref, `The event ${ref}`));
        const part = await provider.list(session(), calendar, { withBodies, inParts: true });
        const rest = part.more ? (await allChanges(provider, session(), calendar, tokenOf(part))).changed : [];
        expect([...new Set([...refsOf(part), ...rest.map(({ ref }) => ref)])].sort()).toEqual(refs);
      },
    );

    withNetwork(`4. list rejects what is not a whole document (withBodies: ${withBodies})`, async (context) => {
      const { people, provider, wire } = withWire(context);
      const calendar = await freshCalendar(under(context));
      await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
      for (const [how, spoil] of spoilt) {
        wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
        try {
          const refused = await failure(provider.list(session(), calendar, { withBodies, inParts: false }));
          expect(['not_multistatus', 'malformed_multistatus'], `a listing that ${how}`).toContain(refused.code);
        } finally {
          wire.tamper(null);
        }
      }
    });
  }

  withPages(
    '4. a listing is whole however many pages it comes in, and its first part is continued',
    async (context) => {
      const { people, provider, paging, wire } = withPeople(context);
      if (paging === null) throw new Error('the traits promise pages');
      const calendar = await freshCalendar(under(context));
      const refs = Array.from({ length: 7 }, (_, index) => `page-${index}.ics`);
      for (const ref of refs) await people.put(calendar, ref, eventBody(calendar, ref, `The event ${ref}`));
      paging(2);
      try {
        for (const withBodies of [false, true]) {
          wire?.forget();
          const listing = await provider.list(session(), calendar, { withBodies, inParts: false });
          expect([listing.more, ...refsOf(listing)]).toEqual([false, ...refs]);
          // Four pages, or more where the server counts what is no event.
          if (wire !== null) expect(wire.methods.filter((one) => one === 'REPORT').length).toBeGreaterThanOrEqual(4);
          expect((await allChanges(provider, session(), calendar, tokenOf(listing))).changed).toEqual([]);
          const part = await provider.list(session(), calendar, { withBodies, inParts: true });
          const rest = part.more ? (await allChanges(provider, session(), calendar, tokenOf(part))).changed : [];
          expect([...refsOf(part), ...rest.map(({ ref }) => ref)].sort()).toEqual(refs);
        }
      } finally {
        paging(null);
      }
    },
  );

  withOtherSide('4. list of a calendar that is not there rejects', async (context) => {
    const { provider } = withPeople(context);
    expect(
      (await failure(provider.list(session(), 'no-such-calendar/', { withBodies: false, inParts: false }))).code,
    ).toBe('not_found');
  });

  withOtherSide('5. changes returns what changed and what went, and a token to continue from', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    for (const ref of ['stays.ics', 'changes.ics', 'goes.ics'])
      await people.put(calendar, ref, eventBody(calendar, ref, ref));
    const before = tokenOf(await provider.list(session(), calendar, { withBodies: false, inParts: false }));
    await people.put(calendar, 'changes.ics', eventBody(calendar, 'changes.ics', 'another summary'));
    await people.put(calendar, 'comes.ics', eventBody(calendar, 'comes.ics', 'new'));
    await people.remove(calendar, 'goes.ics');
    const delta = await allChanges(provider, session(), calendar, before);
    expect(delta.changed.map(({ ref }) => ref).sort()).toEqual(['changes.ics', 'comes.ics']);
    expect(delta.removed).toMatchObject([{ ref: 'goes.ics', evidence: { kind: 'tombstone', status: 404 } }]);
    const after = await allChanges(provider, session(), calendar, delta.token);
    expect(after.changed).toEqual([]);
    expect(after.removed).toEqual([]);
  });

  withPages('5. there is more while pages are left, and the token of a page covers that page', async (context) => {
    const { people, provider, paging } = withPeople(context);
    if (paging === null) throw new Error('the traits promise pages');
    const calendar = await freshCalendar(under(context));
    await people.put(calendar, 'goes.ics', eventBody(calendar, 'goes', 'Goes'));
    const start = tokenOf(await provider.version(session(), calendar));
    const comes = ['a.ics', 'b.ics', 'c.ics', 'd.ics'];
    for (const ref of comes) await people.put(calendar, ref, eventBody(calendar, ref, ref));
    await people.remove(calendar, 'goes.ics');
    const told = async (token: string) => {
      const page = await provider.changes(session(), calendar, token);
      return { ...page, refs: [...page.changed, ...page.removed].map(({ ref }) => ref) };
    };
    paging(2);
    try {
      const first = await told(start);
      expect(first).toMatchObject({ more: true, refs: ['a.ics', 'b.ics'] });
      expect(await told(first.token)).toMatchObject({ more: true, refs: ['c.ics', 'd.ics'] });
      // The last page of many is told as exactly as the first, also where nobody remembers the ones in between.
      const rest = await allChanges(provider, session(), calendar, first.token);
      expect(rest.changed.map(({ ref }) => ref).sort()).toEqual(['c.ics', 'd.ics']);
      expect(rest.removed).toMatchObject([{ ref: 'goes.ics' }]);
      expect(await told(rest.token)).toMatchObject({ more: false, refs: [] });
      // What happens to a page that was told already is told again.
      await people.put(calendar, 'a.ics', eventBody(calendar, 'a.ics', 'once more'));
      const again = await allChanges(provider, session(), calendar, first.token);
      expect(again.changed.map(({ ref }) => ref).sort()).toEqual(['a.ics', 'c.ics', 'd.ics']);
    } finally {
      paging(null);
    }
  });

  withOtherSide('5. a token that is not accepted rejects with verdict resync', async (context) => {
    const { people, provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    for (const token of ['http://example.com/not-a-token/1', 'nonsense']) {
      expect((await failure(provider.changes(session(), calendar, token))).verdict, token).toBe('resync');
    }
  });

  withNetwork('5. changes rejects what is not a whole document', async (context) => {
    const { people, provider, wire } = withWire(context);
    const calendar = await freshCalendar(under(context));
    const token = tokenOf(await provider.version(session(), calendar));
    await people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    for (const [how, spoil] of spoilt) {
      wire.tamper((response) => ({ ...response, text: spoil(response.text) }));
      try {
        const refused = await failure(provider.changes(session(), calendar, token));
        expect(['not_multistatus', 'malformed_multistatus'], `a delta that ${how}`).toContain(refused.code);
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

  withOtherSide('7. get rejects where the calendar is not readable', async (context) => {
    const { provider } = withPeople(context);
    const refused = await failure(provider.get(session(), 'no-such-calendar/', 'one.ics'));
    expect(isKalendsError(refused)).toBe(true);
  });

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
