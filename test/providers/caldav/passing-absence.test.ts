/** Servers that are somebody else for one question: what they say then proves neither a removal nor a write. */
import { expect, test } from 'vitest';
import { eventBody, failure } from '../../contracts/provider-subject.ts';
import { modelSession, type ModelSession } from '../model-session.ts';

async function withOne(): Promise<ModelSession & { readonly etag: string }> {
  const at = await modelSession();
  return { ...at, etag: at.server.world.put(at.path, 'one.ics', eventBody(at.path, 'one.ics', 'One')) };
}

const once = { nextN: 1 } as const;

test('a 404 for one question alone is no evidence that a resource is gone', async () => {
  const at = await withOne();
  at.server.faults.set('moved_gone', once);
  expect(await at.provider.get(at.session, at.calendar, 'one.ics')).toMatchObject({ kind: 'found' });
  expect(at.server.faults.count('moved_gone')).toBe(1);
});

test('a 404 for one question alone is no evidence that a calendar is gone', async () => {
  const at = await withOne();
  at.server.faults.set('moved_gone', once);
  expect(await at.provider.getCalendar(at.session, at.calendar)).toEqual({ kind: 'found' });
  expect(at.server.faults.count('moved_gone')).toBe(1);
});

test('a DELETE that is answered with 404 by such a server has removed nothing', async () => {
  const at = await withOne();
  at.server.faults.set('moved_gone', once);
  const precondition = { kind: 'etag', etag: at.etag } as const;
  const refused = await failure(
    at.provider.remove(at.session, { calendar: at.calendar, ref: 'one.ics', precondition }),
  );
  expect(refused.code).toBe('not_found');
  expect(at.server.world.names(at.path)).toEqual(['one.ics']);
});

test('a DELETE that finds nothing, twice, resolves as gone', async () => {
  const at = await withOne();
  at.server.world.remove(at.path, 'one.ics');
  const precondition = { kind: 'etag', etag: at.etag } as const;
  const place = { calendar: at.calendar, ref: 'one.ics' };
  expect(await at.provider.remove(at.session, { ...place, precondition })).toMatchObject({
    kind: 'gone',
    evidence: { kind: 'direct_get', status: 404, collectionStatus: 207 },
  });
});

test.each(['PUT', 'DELETE'])('a page with status 200 is no answer to a %s: its outcome is unknown', async (method) => {
  const at = await withOne();
  at.server.faults.set('html_200', { nextN: 1, only: { method } });
  const precondition = { kind: 'etag', etag: at.etag } as const;
  const place = { calendar: at.calendar, ref: 'one.ics', precondition };
  const body = eventBody(at.path, 'one.ics', 'Two');
  const asked =
    method === 'PUT'
      ? at.provider.put(at.session, { ...place, body, format: 'icalendar' })
      : at.provider.remove(at.session, place);
  const unknown = await failure(asked);
  expect([unknown.code, unknown.verdict]).toEqual(['not_multistatus', 'transient']);
  expect(at.server.world.body(at.path, 'one.ics')).toContain('SUMMARY:One');
});
