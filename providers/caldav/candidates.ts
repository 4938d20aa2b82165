/** From what a person typed to the URLs worth asking (RFC 6764): SRV and TXT records, then the name itself. */
import { isIP } from 'node:net';
import { KalendsError } from '../../domain/errors.ts';
import { knownHost } from './quirks/known-hosts.ts';

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** As in node:dns/promises; a name without records rejects or resolves to nothing. */
export interface ServiceLookup {
  srv(name: string): Promise<readonly SrvRecord[]>;
  txt(name: string): Promise<readonly (readonly string[])[]>;
}

/** URLs in the order in which they should be tried. Rejects `invalid_input` for something that is no address at all. */
export async function candidates(address: string, lookup: ServiceLookup | null): Promise<URL[]> {
  const typed = address.trim().replace(/^mailto:/i, '');
  if (isUrl(typed)) return [fullUrl(typed)];
  const mail = /^[^\s/@]+@([^\s/@]+)$/.exec(typed);
  const host = mail?.[1] ?? typed;
  const direct = bareHost(host);
  const known = mail === null ? null : knownHost(direct.hostname);
  if (known !== null) return [new URL(`https://${known}/`)];
  const published = direct.port === '' && direct.pathname === '/' ? await services(direct.hostname, lookup) : [];
  // A mail domain is rarely the calendar server itself; a host name that somebody typed usually is.
  const named = isLocal(direct.hostname) ? [direct, plain(direct)] : [direct];
  return mail === null ? [...named, ...published] : [...published, ...named];
}

/** An address as it may be kept: a URL without the password that somebody typed into it. */
export function withoutSecrets(address: string): string {
  const typed = address.trim();
  return isUrl(typed) ? fullUrl(typed).href : typed;
}

const isUrl = (typed: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(typed);

function fullUrl(typed: string): URL {
  const url = URL.canParse(typed) ? new URL(typed) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw notAnAddress();
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url;
}

function bareHost(host: string): URL {
  if (host === '' || /[\s?#\\@]/.test(host) || !URL.canParse(`https://${host}`)) throw notAnAddress();
  return new URL(`https://${host}`);
}

const notAnAddress = (): KalendsError =>
  new KalendsError('invalid_input', 'this is neither a host name, nor an e-mail address, nor a URL', {
    fields: { address: [{ key: 'errors.invalid', description: 'must be a host name, an e-mail address or a URL' }] },
  });

/** Without TLS a password is readable on the way: only for this machine, unless somebody types http:// in full. */
const isLocal = (host: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])$/.test(host);

const plain = (url: URL): URL => new URL(url.href.replace(/^https:/, 'http:'));

/** Only over TLS: the names come from a DNS that anybody on the way may have forged, and a certificate does not. */
async function services(domain: string, lookup: ServiceLookup | null): Promise<URL[]> {
  if (lookup === null || isIP(domain.replace(/^\[|\]$/g, '')) !== 0 || !domain.includes('.')) return [];
  const name = `_caldavs._tcp.${domain}`;
  const records = await orNothing(lookup.srv(name));
  const usable = records.filter((record) => record.name !== '' && record.name !== '.');
  if (usable.length === 0) return [];
  const path = contextPath(await orNothing(lookup.txt(name)));
  return [...usable]
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .map(({ name: target, port }) => `https://${target.replace(/\.$/, '')}:${port}${path}`)
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url));
}

async function orNothing<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked;
  } catch {
    return [];
  }
}

/** RFC 6764 4: `path=/dav/`. */
function contextPath(records: readonly (readonly string[])[]): string {
  const path =
    records
      .map((parts) => parts.join(''))
      .find((text) => text.startsWith('path='))
      ?.slice(5) ?? '/';
  return path.startsWith('/') ? path : `/${path}`;
}
