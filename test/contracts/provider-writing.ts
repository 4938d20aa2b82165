/** Sentences 8–10, 13 and 14 of the provider port: what writes, and what things are called. */
import { expect } from 'vitest';
import { callsOf } from './provider-every-method.ts';
import {
  allChanges,
  eventBody,
  failure,
  invitation,
  oddRef,
  refsOf,
  tokenOf,
  type ProviderUnderTest,
  type Suite,
} from './provider-subject.ts';

export function writingContract(suite: Suite): void {
  const { always, withOtherSide, withNetwork, withScheduleTags, withoutOtherSide } = suite;
  const { under, withPeople, withWire, session, freshCalendar } = suite;

  const create = (subject: ProviderUnderTest, calendar: string, ref: string, body: string) =>
    subject.provider.put(session(), { calendar, ref, body, format: 'icalendar', precondition: { kind: 'create' } });

  withOtherSide('8. put creates only where nothing is', async (context) => {
    const subject = withPeople(context);
    const calendar = await freshCalendar(subject);
    const written = await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    expect(written).toMatchObject({ ref: 'one.ics', format: 'icalendar' });
    const got = await subject.provider.get(session(), calendar, 'one.ics');
    expect(got.kind === 'found' ? got.observation.etag : null).toBe(written.etag);
    expect((await failure(create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'Two')))).verdict).toBe(
      'conflict',
    );
    const unchanged = await subject.provider.get(session(), calendar, 'one.ics');
    expect(unchanged).toMatchObject({ observation: { body: expect.stringContaining('SUMMARY:One') } });
  });

  withOtherSide('8. put replaces only the version that is named', async (context) => {
    const subject = withPeople(context);
    const calendar = await freshCalendar(subject);
    const first = await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    const replace = (etag: string | null, summary: string) =>
      subject.provider.put(session(), {
        calendar,
        ref: 'one.ics',
        body: eventBody(calendar, 'one', summary),
        format: 'icalendar',
        precondition: { kind: 'etag', etag: etag ?? '' },
      });
    subject.wire?.forget();
    const second = await replace(first.etag, 'Two');
    expect((subject.wire?.methods ?? ['PUT']).filter((method) => method === 'PUT')).toEqual(['PUT']);
    expect(second.etag).not.toBe(first.etag);
    expect((await failure(replace(first.etag, 'Three'))).verdict).toBe('conflict');
    await subject.people.remove(calendar, 'one.ics');
    expect((await failure(replace(second.etag, 'Four'))).verdict).toBe('conflict');
    expect(await subject.provider.get(session(), calendar, 'one.ics')).toMatchObject({ kind: 'gone' });
  });

  withScheduleTags('8. put and remove with a schedule tag touch only the version that has it', async (context) => {
    const subject = withPeople(context);
    const { provider } = subject;
    const calendar = await freshCalendar(subject);
    const first = await create(subject, calendar, 'one.ics', invitation(calendar, 'one', 'One'));
    const replace = (scheduleTag: string | null, summary: string) =>
      provider.put(session(), {
        calendar,
        ref: 'one.ics',
        body: invitation(calendar, 'one', summary),
        format: 'icalendar',
        precondition: { kind: 'schedule_tag', scheduleTag: scheduleTag ?? '' },
      });
    const tagOf = async (): Promise<string | null> => {
      const got = await provider.get(session(), calendar, 'one.ics');
      return got.kind === 'found' ? got.observation.scheduleTag : null;
    };
    expect(first.scheduleTag ?? (await tagOf())).not.toBeNull();
    const old = await tagOf();
    await replace(old, 'Two');
    expect(await tagOf()).not.toBe(old);
    expect((await failure(replace(old, 'Three'))).verdict).toBe('conflict');
    const remove = (scheduleTag: string | null) =>
      provider.remove(session(), {
        calendar,
        ref: 'one.ics',
        precondition: { kind: 'schedule_tag', scheduleTag: scheduleTag ?? '' },
      });
    expect((await failure(remove(old))).verdict).toBe('conflict');
    expect(await provider.get(session(), calendar, 'one.ics')).toMatchObject({
      observation: { body: expect.stringContaining('SUMMARY:Two') as string },
    });
    expect(await remove(await tagOf())).toMatchObject({ kind: 'removed' });
  });

  withOtherSide('8. put creates nothing in a calendar that is not there, and says so', async (context) => {
    const subject = withPeople(context);
    const calendar = await freshCalendar(subject);
    await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    await subject.people.removeCalendar(calendar);
    const missing = await failure(create(subject, calendar, 'two.ics', eventBody(calendar, 'two', 'Two')));
    expect(missing.code).toBe('parent_missing');
  });

  withoutOtherSide(
    '8. put without another side returns the resource as given, the same for the same',
    async (context) => {
      const subject = under(context);
      const calendar = await freshCalendar(subject);
      const body = eventBody(calendar, 'one', 'One');
      const written = await create(subject, calendar, 'one.ics', body);
      expect(written).toEqual({ ref: 'one.ics', etag: written.etag, scheduleTag: null, body, format: 'icalendar' });
      expect(await create(subject, calendar, 'one.ics', body)).toEqual(written);
      expect((await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'Two'))).etag).not.toBe(
        written.etag,
      );
    },
  );

  withNetwork('8. put of what the server refuses rejects, whatever status it wraps that in', async (context) => {
    const subject = withWire(context);
    const calendar = await freshCalendar(subject);
    const refused = await failure(create(subject, calendar, 'garbage.ics', 'this is no calendar'));
    expect(refused.verdict).toBe('item_permanent');
    await create(subject, calendar, 'one.ics', eventBody(calendar, 'same-uid', 'One'));
    const twice = await failure(create(subject, calendar, 'two.ics', eventBody(calendar, 'same-uid', 'Two')));
    expect(twice.verdict).toBe('conflict');
    expect(refsOf(await subject.provider.list(session(), calendar, { withBodies: false, inParts: false }))).toEqual([
      'one.ics',
    ]);
  });

  withNetwork('8. put reads back what the server did not vouch for', async (context) => {
    const subject = withWire(context);
    const calendar = await freshCalendar(subject);
    subject.wire.tamper((response, method) => {
      if (method !== 'PUT') return response;
      const { etag: _removed, ...headers } = response.headers;
      return { ...response, headers };
    });
    subject.wire.forget();
    try {
      const written = await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
      expect(subject.wire.methods).toEqual(['PUT', 'GET']);
      expect(written.etag).not.toBeNull();
      expect(written.body).toContain('SUMMARY:One');
    } finally {
      subject.wire.tamper(null);
    }
  });

  withOtherSide('9. remove takes away only the version that is named', async (context) => {
    const subject = withPeople(context);
    const calendar = await freshCalendar(subject);
    const first = await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    await subject.people.put(calendar, 'one.ics', eventBody(calendar, 'one', 'Two'));
    const remove = (etag: string | null) =>
      subject.provider.remove(session(), {
        calendar,
        ref: 'one.ics',
        precondition: { kind: 'etag', etag: etag ?? '' },
      });
    expect((await failure(remove(first.etag))).verdict).toBe('conflict');
    const got = await subject.provider.get(session(), calendar, 'one.ics');
    subject.wire?.forget();
    const removed = await remove(got.kind === 'found' ? got.observation.etag : null);
    expect(removed.kind === 'removed' ? removed.status : removed.kind).toBeLessThan(300);
    expect((subject.wire?.methods ?? ['DELETE']).filter((method) => method === 'DELETE')).toEqual(['DELETE']);
    expect(await subject.provider.get(session(), calendar, 'one.ics')).toMatchObject({ kind: 'gone' });
  });

  withOtherSide('9. remove of what is gone already resolves as gone, with evidence', async (context) => {
    const { provider } = withPeople(context);
    const calendar = await freshCalendar(under(context));
    const precondition = { kind: 'etag', etag: '"some-version"' } as const;
    for (const condition of [precondition, null]) {
      const removed = await provider.remove(session(), { calendar, ref: 'none.ics', precondition: condition });
      expect(removed).toMatchObject({ kind: 'gone', evidence: { kind: 'direct_get' } });
      const evidence = removed.kind === 'gone' && removed.evidence.kind === 'direct_get' ? removed.evidence : null;
      expect([404, 410]).toContain(evidence?.status);
      expect(evidence?.collectionStatus).toBeLessThan(300);
    }
  });

  always('10. makeCalendar creates a calendar once', async (context) => {
    const { provider } = under(context);
    const calendar = {
      ref: provider.newCalendarRef(session().root, 'Räume & <Orte>'),
      name: 'Räume & <Orte>',
      color: null,
    };
    if (!provider.capabilities.makeCalendar) {
      expect((await failure(provider.makeCalendar(session(), calendar))).code).toBe('method_unsupported');
      return;
    }
    expect(provider.newCalendarRef(session().root, 'Räume & <Orte>')).toBe(calendar.ref);
    const made = await provider.makeCalendar(session(), calendar);
    expect(made).toMatchObject({ ref: calendar.ref, name: calendar.name });
    expect((await provider.listCalendars(session())).find(({ ref }) => ref === calendar.ref)).toMatchObject({
      name: calendar.name,
    });
    expect((await failure(provider.makeCalendar(session(), calendar))).verdict).toBe('conflict');
  });

  withOtherSide('13. a resource has the same ref in every answer, however odd its name', async (context) => {
    const subject = withPeople(context);
    const calendar = await freshCalendar(subject);
    const token = tokenOf(await subject.provider.version(session(), calendar));
    const written = await create(subject, calendar, oddRef, eventBody(calendar, 'odd', 'Odd'));
    expect(written.ref).toBe(oddRef);
    expect(refsOf(await subject.provider.list(session(), calendar, { withBodies: false, inParts: false }))).toEqual([
      oddRef,
    ]);
    expect(refsOf(await subject.provider.list(session(), calendar, { withBodies: true, inParts: false }))).toEqual([
      oddRef,
    ]);
    const delta = await allChanges(subject.provider, session(), calendar, token);
    expect(delta.changed.map(({ ref }) => ref)).toEqual([oddRef]);
    const fetched = await subject.provider.fetch(session(), calendar, [oddRef]);
    expect(fetched.answered.map(({ ref }) => ref)).toEqual([oddRef]);
    expect(await subject.provider.get(session(), calendar, oddRef)).toMatchObject({ observation: { ref: oddRef } });
    const after = tokenOf(await subject.provider.version(session(), calendar));
    await subject.provider.remove(session(), {
      calendar,
      ref: oddRef,
      precondition: { kind: 'etag', etag: written.etag ?? '' },
    });
    const removal = await allChanges(subject.provider, session(), calendar, after);
    expect(removal.removed.map(({ ref }) => ref)).toEqual([oddRef]);
  });

  always('13. the ref of a resource that we create repeats for the same name and differs for others', (context) => {
    const { provider } = under(context);
    const names = ['abc', 'a/b', 'a:b', 'A b', 'ä', '..', 'x'.repeat(300)];
    const refs = names.map((one) => provider.newResourceRef(one));
    expect(new Set(refs).size).toBe(names.length);
    expect(names.map((one) => provider.newResourceRef(one))).toEqual(refs);
    for (const ref of refs) expect(ref).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/);
  });

  always('14. hostOf names the same machine for a root each time, and asks nobody', (context) => {
    const { provider, wire } = under(context);
    wire?.forget();
    const { root } = session();
    const host = provider.hostOf(root);
    expect(provider.hostOf({ ...root })).toBe(host);
    expect(provider.hostOf({ ...root, home: '/somebody/else/', principal: '/somebody/else/' })).toBe(host);
    const { server } = root;
    expect(host).toBe(server === undefined ? null : new URL(server).host);
    expect(wire?.methods ?? []).toEqual([]);
  });

  withoutOtherSide('what cannot be pulled says so, whatever is asked of it', async (context) => {
    const subject = under(context);
    const { provider } = subject;
    expect(provider.capabilities.pull).toBe(false);
    const calendar = await freshCalendar(subject);
    await create(subject, calendar, 'one.ics', eventBody(calendar, 'one', 'One'));
    const place = { address: subject.addresses[0] ?? '', session: session(), calendar };
    const { version, list, changes, fetch, get } = callsOf(subject, place);
    for (const [method, call] of Object.entries({ version, list, changes, fetch, get }))
      expect((await failure(call())).code, method).toBe('method_unsupported');
  });

  withoutOtherSide(
    'what cannot be pulled knows its own calendar, and says of no other that it is gone',
    async (context) => {
      const subject = under(context);
      const { provider } = subject;
      const calendar = await freshCalendar(subject);
      expect(await provider.getCalendar(session(), calendar)).toEqual({ kind: 'found' });
      expect((await failure(provider.getCalendar(session(), 'another/'))).code).toBe('method_unsupported');
    },
  );
}
