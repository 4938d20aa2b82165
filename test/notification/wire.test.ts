/** The envelope and its signature, against what existing clients expect. */
import { describe, expect, it } from 'vitest';

import { notificationBody, signature, wholeSeconds } from '../../domain/notification/wire.ts';
import { calendarId, inFlight, subscriber } from './samples.ts';

describe('signature', () => {
  const body = '{"example":"well-known"}';
  const secret = 'CRN_NggYusqPGLxwjw5FHOJYOqSrTPNXy8WQf14OID';
  const expected = '5DxentQi5YSXODEzTVv06sRwJ3pULIz1KrYv20qxEK0=';

  it('is the published one for the published secret and body', () => {
    expect(signature(body, [secret])).toBe(expected);
  });

  it('has one value for each active secret, comma separated', () => {
    const both = signature(body, ['CRN_newer', secret]).split(',');
    expect(both).toEqual([signature(body, ['CRN_newer']), expected]);
  });

  it('covers the bytes of the body as UTF-8', () => {
    expect(signature('{"a":"é"}', [secret])).not.toBe(signature('{"a":"e"}', [secret]));
  });
});

describe('the envelope', () => {
  it('of a change says since when to read, in UTC without fractions', () => {
    const changesSinceMs = Date.UTC(2026, 10, 21, 8, 30, 5);
    const filters = { calendarIds: [calendarId], onlyManaged: true };
    expect(JSON.parse(notificationBody(inFlight({ changesSinceMs }), subscriber({ filters })))).toEqual({
      notification: { type: 'change', changes_since: '2026-11-21T08:30:05Z' },
      channel: {
        channel_id: 'chn_1',
        callback_url: 'https://app.example/hook',
        filters: { calendar_ids: ['cal_1'], only_managed: true },
      },
    });
  });

  it('of a verification has a type and nothing else', () => {
    const verification = inFlight({ notification: 'verification', changesSinceMs: null });
    expect(notificationBody(verification, subscriber())).toBe(
      '{"notification":{"type":"verification"},"channel":{"channel_id":"chn_1","callback_url":"https://app.example/hook","filters":{}}}',
    );
  });

  it('rounds times down', () => {
    expect(wholeSeconds(Date.UTC(2026, 0, 1, 0, 0, 0, 999))).toBe('2026-01-01T00:00:00Z');
  });
});
