/** Conditional writes and removals: the headers that they carry, and what the odd answers of servers mean. */
import { hadNoEffect } from '../../../actors/profile/failed-write.ts';
import { describe, expect, test } from 'vitest';
import type { Precondition } from '../../../providers/provider.ts';
import { eventBody, failure } from '../../contracts/provider-subject.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { modelSession, type ModelSession } from '../model-session.ts';

const always = { always: true } as const;

const put = (at: ModelSession, ref: string, summary: string, precondition: Precondition = { kind: 'create' }) =>
  at.provider.put(at.session, {
    calendar: at.calendar,
    ref,
    body: eventBody(at.path, ref, summary),
    format: 'icalendar',
    precondition,
  });

const etagOf = (at: ModelSession, ref: string): string => at.server.world.etag(at.path, ref) ?? '';

describe('writing', () => {
  test('create, replace and remove carry the headers of their conditions and nothing else', async () => {
    const at = await modelSession();
    const { etag, scheduleTag } = await put(at, 'one.ics', 'One');
    const next = await put(at, 'one.ics', 'Two', { kind: 'etag', etag: etag ?? '' });
    await at.provider.remove(at.session, {
      calendar: at.calendar,
      ref: 'one.ics',
      precondition: { kind: 'etag', etag: next.etag ?? '' },
    });
    await put(at, 'two.ics', 'Two');
    await at.provider.remove(at.session, { calendar: at.calendar, ref: 'two.ics', precondition: null });
    expect(scheduleTag).not.toBeNull();
    const conditions = at.wire.requests.map(({ method, headers }) => [
      method,
      Object.entries(headers).filter(([name]) => name.startsWith('if-')),
    ]);
    expect(conditions).toEqual([
      ['PUT', [['if-none-match', '*']]],
      ['PUT', [['if-match', etag]]],
      ['DELETE', [['if-match', next.etag]]],
      ['PUT', [['if-none-match', '*']]],
      ['DELETE', []],
    ]);
  });

  test('a schedule tag lets attendees answer in between, and nobody else edit', async () => {
    const at = await modelSession();
    const { scheduleTag } = await put(at, 'one.ics', 'One');
    at.server.world.reply(at.path, 'one.ics', (body) => body.replace('SUMMARY:', 'COMMENT:yes\r\nSUMMARY:'));
    const precondition = { kind: 'schedule_tag', scheduleTag: scheduleTag ?? '' } as const;
    expect(await put(at, 'one.ics', 'Two', precondition)).toMatchObject({ body: expect.stringContaining('Two') });
    expect((await failure(put(at, 'one.ics', 'Three', precondition))).code).toBe('precondition_failed');
    const stale = { calendar: at.calendar, ref: 'one.ics', precondition };
    expect((await failure(at.provider.remove(at.session, stale))).code).toBe('precondition_failed');
  });

  test.each([
    [409, 'conflicting_state'],
    [403, 'content_refused'],
  ] as const)('a bare %i is the calendar’s matter only where the calendar is not there', async (status, code) => {
    const at = await modelSession();
    at.wire.tamper((response, method) => (method === 'PUT' ? { ...response, status, text: '' } : response));
    expect((await failure(put(at, 'one.ics', 'One'))).code).toBe(code);
    expect(at.wire.methods).toEqual(['PUT', 'PROPFIND']);
    // A calendar that gives no answer is not one that is gone.
    at.server.faults.set('status_503', { always: true, only: { method: 'PROPFIND' } });
    expect((await failure(put(at, 'one.ics', 'One'))).code).toBe(code);
    at.server.faults.clearAll();
    at.server.world.removeCalendar(at.path);
    expect(await failure(put(at, 'one.ics', 'One'))).toMatchObject({
      code: 'parent_missing',
      verdict: 'calendar_permanent',
      evidence: { status },
    });
  });

  test('a refusal with a reason needs no look at the calendar', async () => {
    const at = await modelSession();
    await put(at, 'one.ics', 'One');
    at.wire.forget();
    const body = eventBody(at.path, 'one.ics', 'the same UID');
    const request = { calendar: at.calendar, ref: 'two.ics', body, format: 'icalendar' } as const;
    const twice = await failure(at.provider.put(at.session, { ...request, precondition: { kind: 'create' } }));
    expect(twice.code).toBe('uid_conflict');
    expect(at.wire.methods).toEqual(['PUT']);
  });

  test('a failure inside a 207 is that failure (Xandikos)', async () => {
    const at = await modelSession();
    await put(at, 'one.ics', 'One');
    at.server.faults.set('put_failure_in_207', always);
    const twice = at.provider.put(at.session, {
      calendar: at.calendar,
      ref: 'two.ics',
      body: eventBody(at.path, 'one.ics', 'the same UID'),
      format: 'icalendar',
      precondition: { kind: 'create' },
    });
    expect(await failure(twice)).toMatchObject({ code: 'uid_conflict', verdict: 'conflict' });
    expect((await failure(put(at, 'one.ics', 'Two', { kind: 'create' }))).verdict).toBe('conflict');
    expect((await failure(put(at, 'one.ics', 'Two', { kind: 'etag', etag: '"old"' }))).verdict).toBe('conflict');
    expect(at.server.world.names(at.path)).toEqual(['one.ics']);
    expect(at.server.world.body(at.path, 'one.ics')).toContain('SUMMARY:One');
  });

  test.each<[FaultName]>([['put_rewrites_body'], ['put_without_etag'], ['put_drops_location']])(
    '%s: the resource is read back as the server holds it',
    async (fault) => {
      const at = await modelSession();
      at.server.faults.set(fault, always);
      const written = await put(at, 'one.ics', 'One\r\nLOCATION:Room 1');
      expect(at.wire.methods).toEqual(['PUT', 'GET']);
      expect(written.body).toBe(at.server.world.body(at.path, 'one.ics'));
      expect(written.etag).toBe(etagOf(at, 'one.ics'));
    },
  );

  test.each<FaultName>(['host_down', 'throttled_429_seconds', 'unauthorized_anyway', 'status_503', 'hangs'])(
    'that what was written cannot be read (%s) does not say that nothing was written',
    async (fault) => {
      const at = await modelSession();
      at.server.faults.set('put_without_etag', always);
      at.server.faults.set(fault, { always: true, only: { method: 'GET' } });
      const error = await failure(put(at, 'one.ics', 'One'));
      expect(at.wire.methods).toEqual(['PUT', 'GET']);
      expect(at.server.world.names(at.path)).toEqual(['one.ics']);
      expect(hadNoEffect(error)).toBe(false);
    },
  );

  test.each<[FaultName, string]>([
    ['dropped_after_effect', 'cut_short'],
    ['status_502_after_effect', 'gateway_failed'],
    ['effect_late', 'timed_out'],
    ['hangs', 'timed_out'],
    ['dropped_before_effect', 'cut_short'],
    ['host_down', 'connect_failed'],
    ['throttled_429_seconds', 'rate_limited'],
    ['write_locked_423', 'locked'],
    ['status_501', 'unavailable'],
  ])('%s: one request, no second try, the failure is %s', async (fault, code) => {
    const at = await modelSession();
    at.server.faults.set(fault, always);
    const error = await failure(put(at, 'one.ics', 'One'));
    expect(error.code).toBe(code);
    expect(error.verdict).not.toBe('conflict');
    expect(at.wire.methods).toEqual(['PUT']);
  });

  test('write_forbidden_403: one write and one look at its calendar, the failure is content_refused', async () => {
    const at = await modelSession();
    at.server.faults.set('write_forbidden_403', always);
    expect((await failure(put(at, 'one.ics', 'One'))).code).toBe('content_refused');
    expect(at.wire.methods).toEqual(['PUT', 'PROPFIND']);
  });

  test('a UID that lies in the trash bin of its server is burned; that of any other calendar is a conflict', async () => {
    const at = await modelSession();
    await put(at, 'one.ics', 'One');
    at.server.world.remove(at.path, 'one.ics');
    at.server.faults.set('put_deleted_uid_400', always);
    const refused = await failure(put(at, 'one.ics', 'Two'));
    expect(refused).toMatchObject({ code: 'uid_burned', verdict: 'conflict', evidence: { status: 400 } });
    expect(await put(at, 'two.ics', 'Two')).toMatchObject({ ref: 'two.ics' });
    const other = at.server.world.addCalendar('alice', 'other');
    at.server.world.put(other, 'three.ics', eventBody(at.path, 'three.ics', 'There'));
    at.server.faults.set('put_uid_elsewhere_409', always);
    expect((await failure(put(at, 'three.ics', 'Here'))).code).toBe('uid_conflict');
  });

  test('any other 400 is about the content', async () => {
    const at = await modelSession();
    at.wire.tamper((response) => ({ ...response, status: 400, text: 'deleted' }));
    expect((await failure(put(at, 'one.ics', 'One'))).code).toBe('bad_request');
  });

  test.each(['write_forbidden_403', 'write_locked_423'] as const)('%s: what stands there is read', async (fault) => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.server.faults.set(fault, always);
    const precondition = { kind: 'etag', etag: etag ?? '' } as const;
    const failed = await failure(
      at.provider.remove(at.session, { calendar: at.calendar, ref: 'one.ics', precondition }),
    );
    expect(failed.code).toBe(fault === 'write_locked_423' ? 'locked' : 'content_refused');
    expect(await at.provider.get(at.session, at.calendar, 'one.ics')).toMatchObject({ kind: 'found' });
    await at.provider.probe(at.session);
  });

  test('where nothing is to be replaced any more, replacing is a conflict', async () => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.server.world.remove(at.path, 'one.ics');
    expect((await failure(put(at, 'one.ics', 'Two', { kind: 'etag', etag: etag ?? '' }))).verdict).toBe('conflict');
  });

  test('a gateway that stores under another name is asked for that name', async () => {
    const at = await modelSession();
    at.wire.tamper((response, method) =>
      method === 'PUT'
        ? { ...response, headers: { ...response.headers, location: ['/calendars/alice/work/stored.ics'] } }
        : response,
    );
    expect((await put(at, 'one.ics', 'One')).ref).toBe('stored.ics');
    at.wire.tamper((response, method) =>
      method === 'PUT'
        ? { ...response, headers: { ...response.headers, location: ['/somewhere/else.ics'] } }
        : response,
    );
    expect((await put(at, 'two.ics', 'Two')).ref).toBe('two.ics');
  });
});

describe('weak etags', () => {
  test('never stand in If-Match: the strong one of the same version does, or a star', async () => {
    const at = await modelSession();
    await put(at, 'one.ics', 'One');
    const strong = etagOf(at, 'one.ics');
    await put(at, 'one.ics', 'Two', { kind: 'etag', etag: `W/${strong}` });
    expect(at.wire.methods).toEqual(['PUT', 'PROPFIND', 'PUT']);
    at.server.faults.set('weak_etags', always);
    const got = await at.provider.get(at.session, at.calendar, 'one.ics');
    const weak = got.kind === 'found' ? (got.observation.etag ?? '') : '';
    expect(weak).toMatch(/^W\//);
    const written = await put(at, 'one.ics', 'Three', { kind: 'etag', etag: weak });
    expect(written.body).toContain('Three');
    expect(at.server.world.body(at.path, 'one.ics')).toContain('Three');
  });

  test('of another version are a conflict, and nothing is written', async () => {
    const at = await modelSession();
    await put(at, 'one.ics', 'One');
    at.server.faults.set('weak_etags', always);
    const stale = { kind: 'etag', etag: 'W/"an older one"' } as const;
    expect((await failure(put(at, 'one.ics', 'Two', stale))).code).toBe('precondition_failed');
    const removal = at.provider.remove(at.session, { calendar: at.calendar, ref: 'one.ics', precondition: stale });
    expect((await failure(removal)).code).toBe('precondition_failed');
    expect(at.wire.methods).not.toContain('DELETE');
    expect(at.server.world.body(at.path, 'one.ics')).toContain('SUMMARY:One');
  });

  test('of something that is gone: removing it is done', async () => {
    const at = await modelSession();
    const precondition = { kind: 'etag', etag: 'W/"1"' } as const;
    const place = { calendar: at.calendar, ref: 'one.ics' };
    expect(await at.provider.remove(at.session, { ...place, precondition })).toMatchObject({ kind: 'gone' });
  });
});

describe('removing', () => {
  const remove = (at: ModelSession, etag: string | null) =>
    at.provider.remove(at.session, {
      calendar: at.calendar,
      ref: 'one.ics',
      precondition: etag === null ? null : { kind: 'etag', etag },
    });

  test('a server that removes and answers 404 has removed', async () => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.server.faults.set('delete_404', always);
    expect(await remove(at, etag)).toMatchObject({ kind: 'gone', evidence: { kind: 'direct_get', status: 404 } });
    expect(at.server.world.names(at.path)).toEqual([]);
  });

  test('a delete that may have been the one that removed it is not said to have had no effect', async () => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.server.faults.set('delete_404', always);
    at.server.faults.set('host_down', { always: true, only: { method: 'GET' } });
    const error = await failure(remove(at, etag));
    expect(at.server.world.names(at.path)).toEqual([]);
    expect(hadNoEffect(error)).toBe(false);
  });

  test('a 404 from a calendar that is not there removes nothing', async () => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.server.faults.set('moved_gone', always);
    expect((await failure(remove(at, etag))).code).toBe('not_found');
    at.server.faults.clearAll();
    expect(at.server.world.names(at.path)).toEqual(['one.ics']);
  });

  test('412 of something that is gone is gone; of something that changed it is a conflict', async () => {
    const at = await modelSession();
    const { etag } = await put(at, 'one.ics', 'One');
    at.wire.tamper((response, method) => (method === 'DELETE' ? { ...response, status: 412 } : response));
    expect((await failure(remove(at, '"other"'))).code).toBe('precondition_failed');
    expect(await remove(at, etag)).toMatchObject({ kind: 'gone', evidence: { kind: 'direct_get', status: 404 } });
  });
});

describe('making calendars', () => {
  test('a server that makes none says so (Google)', async () => {
    const at = await modelSession();
    at.server.faults.set('mkcalendar_405', always);
    const making = at.provider.makeCalendar(at.session, { ref: 'new/', name: 'New', color: null });
    expect((await failure(making)).code).toBe('method_unsupported');
  });

  const calendar = { ref: 'new/', name: 'New & <shiny>', color: '#12ab9f' };

  test('sets name and colour', async () => {
    const at = await modelSession();
    expect(await at.provider.makeCalendar(at.session, calendar)).toMatchObject(calendar);
    expect((await at.provider.listCalendars(at.session)).find(({ ref }) => ref === 'new/')).toMatchObject(calendar);
  });

  test.each([403, 405, 409])(
    'a bare %s of a calendar that is there is a conflict, otherwise it is not',
    async (status) => {
      const at = await modelSession();
      at.wire.tamper((response, method) =>
        method === 'MKCALENDAR' ? { ...response, status, text: '', headers: {} } : response,
      );
      expect((await failure(at.provider.makeCalendar(at.session, { ...calendar, ref: at.calendar }))).verdict).toBe(
        'conflict',
      );
      at.wire.tamper((response, method) =>
        method === 'MKCALENDAR'
          ? { ...response, status, text: '', headers: {} }
          : { ...response, status: 404, text: '' },
      );
      expect((await failure(at.provider.makeCalendar(at.session, calendar))).verdict).not.toBe('conflict');
    },
  );
});
