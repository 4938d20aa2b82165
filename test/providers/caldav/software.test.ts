/** The software of a calendar server is recognised by the signs that it gives of itself. */
import { describe, expect, test } from 'vitest';
import { softwareOf } from '../../../providers/caldav/quirks/software.ts';

describe('recognising software', () => {
  const none = { headers: {}, host: 'cal.example.com', home: '/me/', sample: '' };
  test.each([
    ['icloud', { host: 'p01-caldav.icloud.com' }],
    ['cyrus', { sample: 'xmlns:CY="http://cyrusimap.org/ns/"' }],
    ['radicale', { headers: { server: ['WSGIServer/0.2 CPython/3.11.2'] } }],
    ['xandikos', { headers: { server: ['Python/3.11 aiohttp/3.8.4'] } }],
    ['nextcloud', { home: '/remote.php/dav/calendars/me/' }],
    ['unknown', { host: 'noticloud.com' }],
    ['unknown', {}],
  ])('%s', (software, signs) => {
    expect(softwareOf({ ...none, ...signs })).toBe(software);
  });
});
