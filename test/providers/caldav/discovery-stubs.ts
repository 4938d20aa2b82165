/** What stub servers answer to whoever looks for an account, and a connect that asks them. */
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { ServiceLookup } from '../../../providers/caldav/candidates.ts';
import type { Connected } from '../../../providers/provider.ts';
import { skippingClock } from '../model-session.ts';
import { stubHttp, type StubAnswer } from '../stub-http.ts';

export const credentials = { kind: 'password', username: 'alice@example.com', password: 'secret' } as const;
export const signal = new AbortController().signal;

export const multistatus = (href: string, props: string): StubAnswer => ({
  status: 207,
  headers: { 'content-type': 'application/xml' },
  text: `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`,
});

export const principal = (at: string, href: string): StubAnswer =>
  multistatus(at, `<d:current-user-principal><d:href>${href}</d:href></d:current-user-principal>`);

const usualAddresses = '<d:href>urn:uuid:1</d:href><d:href>mailto:alice@example.com</d:href>';

export const home = (at: string, href: string, addresses = usualAddresses): StubAnswer =>
  multistatus(
    at,
    `<c:calendar-home-set><d:href>${href}</d:href></c:calendar-home-set><c:calendar-user-address-set>${addresses}</c:calendar-user-address-set>`,
  );

export const collection = (at: string): StubAnswer =>
  multistatus(at, '<d:resourcetype><d:collection/></d:resourcetype>');

export function connect(address: string, routes: Readonly<Record<string, StubAnswer>>, services?: ServiceLookup) {
  const { http, sent } = stubHttp(routes);
  const provider = createCalDav({
    http,
    clock: skippingClock(),
    random: () => 0.5,
    ...(services === undefined ? {} : { services }),
  });
  const connected: Promise<Connected> = provider.connect({ address, credentials }, signal);
  return { connected, sent };
}

export const lookup = (
  srv: Readonly<Record<string, string>>,
  txt: Readonly<Record<string, string>> = {},
): ServiceLookup => ({
  srv: (name) => {
    const target = srv[name];
    if (target === undefined) return Promise.reject(new Error('ENOTFOUND'));
    const [host = '', port = '443'] = target.split(':');
    return Promise.resolve([{ name: host, port: Number(port), priority: 0, weight: 0 }]);
  },
  txt: (name) => {
    const text = txt[name];
    return text === undefined
      ? Promise.reject(new Error('ENODATA'))
      : Promise.resolve([[text.slice(0, 5), text.slice(5)]]);
  },
});
