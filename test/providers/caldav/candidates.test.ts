/** What a person may type, and the places where an account is looked for because of it, in order. */
import { describe, expect, test } from 'vitest';
import { candidates, type ServiceLookup } from '../../../providers/caldav/candidates.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { lookup } from './discovery-stubs.ts';

describe('what a person may type', () => {
  const typed = async (address: string, services: ServiceLookup | null = null): Promise<string[]> =>
    (await candidates(address, services)).map(({ href }) => href);

  test.each([
    ['cal.example.com', ['https://cal.example.com/']],
    [' Cal.Example.com ', ['https://cal.example.com/']],
    ['cal.example.com:8443', ['https://cal.example.com:8443/']],
    ['cal.example.com/dav/', ['https://cal.example.com/dav/']],
    ['https://cal.example.com/dav/?x=1#y', ['https://cal.example.com/dav/']],
    ['https://me:secret@cal.example.com/', ['https://cal.example.com/']],
    ['http://cal.example.com/', ['http://cal.example.com/']],
    ['localhost:5232', ['https://localhost:5232/', 'http://localhost:5232/']],
    ['127.0.0.1:5232', ['https://127.0.0.1:5232/', 'http://127.0.0.1:5232/']],
    ['192.168.1.7', ['https://192.168.1.7/']],
    ['alice@example.com', ['https://example.com/']],
    ['mailto:alice@example.com', ['https://example.com/']],
    ['alice@icloud.com', ['https://caldav.icloud.com/']],
    ['alice@me.com', ['https://caldav.icloud.com/']],
  ])('%s', async (address, expected) => {
    expect(await typed(address)).toEqual(expected);
  });

  test.each(['', '   ', 'two words', 'ftp://cal.example.com/', 'a@b@c', 'javascript:alert(1)', 'http://'])(
    '%j is no address',
    async (address) => {
      expect((await failure(candidates(address, null))).code).toBe('invalid_input');
    },
  );

  test('SRV and TXT records go before the domain of an e-mail address, and after a host name', async () => {
    const services = lookup(
      { '_caldavs._tcp.example.com': 'dav.hoster.net:8443' },
      { '_caldavs._tcp.example.com': 'path=/dav/' },
    );
    expect(await typed('alice@example.com', services)).toEqual([
      'https://dav.hoster.net:8443/dav/',
      'https://example.com/',
    ]);
    expect(await typed('example.com', services)).toEqual(['https://example.com/', 'https://dav.hoster.net:8443/dav/']);
    expect(await typed('example.com:99', services)).toEqual(['https://example.com:99/']);
    expect(await typed('alice@example.org', services)).toEqual(['https://example.org/']);
  });

  test('records of several servers are tried in order; "." means that there is no service', async () => {
    const services: ServiceLookup = {
      srv: () =>
        Promise.resolve([
          { name: 'third.example.com', port: 443, priority: 20, weight: 99 },
          { name: 'second.example.com.', port: 443, priority: 10, weight: 1 },
          { name: 'first.example.com', port: 443, priority: 10, weight: 5 },
          { name: '.', port: 0, priority: 0, weight: 0 },
        ]),
      txt: () => Promise.reject(new Error('ENODATA')),
    };
    expect(await typed('alice@example.com', services)).toEqual([
      'https://first.example.com/',
      'https://second.example.com/',
      'https://third.example.com/',
      'https://example.com/',
    ]);
  });
});
