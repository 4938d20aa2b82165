/** A provider write ends before the lease that it was started under, however many requests it takes. */
import { describe, expect, it } from 'vitest';
import { createLease } from '../../actors/runtime/membership.ts';
import { membership, timeouts } from '../../config/policies.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import type { HttpRequest } from '../../providers/http.ts';
import type { Precondition, Session } from '../../providers/provider.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { stubHttp, type StubAnswer } from '../providers/stub-http.ts';

const server = 'https://cal.example';
const session: Session = {
  root: { server, home: '/me/' },
  credentials: { kind: 'password', username: 'me', password: 'pw' },
  signal: new AbortController().signal,
};

/** Each request takes so long; what was sent, with its own time-out. */
async function writing(tookMs: number, precondition: Precondition, routes: Record<string, StubAnswer>) {
  const clock = createFakeClock(1_000);
  const { http, sent } = stubHttp(routes);
  const slow = async (request: HttpRequest) => {
    const answer = await http(request);
    await clock.advance(Math.min(tookMs, request.timeoutMs));
    return answer;
  };
  const provider = createCalDav({ http: slow, clock, random: () => 0.5 });
  const request = {
    calendar: '/me/work/',
    ref: 'a.ics',
    body: 'BEGIN:VCALENDAR',
    format: 'icalendar',
    precondition,
  } as const;
  const outcome = await provider.put(session, request).catch((error: unknown) => error);
  return { outcome, sent, endedMs: clock.monotonic() };
}

describe('the time of a provider write', () => {
  it('fits into a lease at any moment between two renewals', () => {
    const clock = createFakeClock(0);
    const lease = createLease(clock, membership.fenceAfterMs);
    lease.renewed(clock.monotonic() - membership.heartbeatMs);
    expect(lease.mayWrite(timeouts.writeMs)).toBe(true);
    expect(membership.fenceAfterMs).toBeLessThan(membership.deadAfterMs);
  });

  it('is one for all redirects', async () => {
    const { sent } = await writing(
      2_000,
      { kind: 'create' },
      {
        [`PUT ${server}/me/work/a.ics`]: { status: 307, headers: { location: `${server}/you/work/a.ics` } },
        [`PUT ${server}/you/work/a.ics`]: { status: 201, headers: { etag: '"1"' } },
      },
    );
    expect(sent.map((one) => one.timeoutMs)).toEqual([timeouts.writeMs, timeouts.writeMs - 2_000]);
  });

  it('counts the question that a weak etag makes necessary, and sends nothing after it is over', async () => {
    const multistatus = `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/me/work/a.ics</d:href>
      <d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
      </d:response></d:multistatus>`;
    const routes = {
      [`PROPFIND ${server}/me/work/a.ics`]: { status: 207, headers: { 'content-type': 'text/xml' }, text: multistatus },
      [`PUT ${server}/me/work/a.ics`]: { status: 204, headers: { etag: '"2"' } },
    };
    const quick = await writing(1_000, { kind: 'etag', etag: 'W/"1"' }, routes);
    expect(quick.sent.map((one) => one.method)).toEqual(['PROPFIND', 'PUT']);
    expect(quick.sent[1]?.timeoutMs).toBe(timeouts.writeMs - 1_000);
    const late = await writing(timeouts.writeMs, { kind: 'etag', etag: 'W/"1"' }, routes);
    expect(late.sent.map((one) => one.method)).toEqual(['PROPFIND']);
    expect(late.outcome).toMatchObject({ code: 'timed_out' });
  });
});
