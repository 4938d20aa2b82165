/** Sentences 3–5 of the provider port: everything that is in a calendar, and what changed since. */
import { expect } from 'vitest';
import { unseenByListing } from './edits-meanwhile.ts';
import { allChanges, eventBody, failure, refsOf, spoilt, tokenOf, type Suite } from './provider-subject.ts';

export function listingContract(suite: Suite): void {
  const { withOtherSide, withNetwork, withPages } = suite;
  const { under, withPeople, withWire, session, freshCalendar } = suite;

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

  withOtherSide(
    '5. whoever starts afresh goes on from a token, and writes onto what was read before',
    async (context) => {
      const { people, provider, afresh } = withPeople(context);
      const calendar = await freshCalendar(under(context));
      for (const ref of ['changes.ics', 'goes.ics']) await people.put(calendar, ref, eventBody(calendar, ref, ref));
      const listing = await provider.list(session(), calendar, { withBodies: true, inParts: false });
      await people.put(calendar, 'comes.ics', eventBody(calendar, 'comes.ics', 'new'));
      await people.remove(calendar, 'goes.ics');
      const delta = await allChanges(afresh(), session(), calendar, tokenOf(listing));
      expect(delta.changed.map(({ ref }) => ref)).toEqual(['comes.ics']);
      expect(delta.removed).toMatchObject([{ ref: 'goes.ics' }]);
      const etag = listing.resources.find(({ ref }) => ref === 'changes.ics')?.etag ?? '';
      const body = eventBody(calendar, 'changes.ics', 'ours');
      const precondition = { kind: 'etag', etag } as const;
      await afresh().put(session(), { calendar, ref: 'changes.ics', body, format: 'icalendar', precondition });
      const after = await allChanges(afresh(), session(), calendar, delta.token);
      expect(after.changed.map(({ ref }) => ref)).toEqual(['changes.ics']);
      expect(await afresh().version(session(), calendar)).toEqual(await provider.version(session(), calendar));
    },
  );
}
