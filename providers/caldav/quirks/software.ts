/** Recognises server software by what it says and how its URLs look: for baselines and limits, never for decisions. */

export interface SoftwareSigns {
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly host: string;
  readonly home: string;
  /** An answer about the home. */
  readonly sample: string;
}

const signs: readonly (readonly [string, (seen: SoftwareSigns) => boolean])[] = [
  ['icloud', ({ host }) => /(^|\.)icloud\.com$/.test(host)],
  ['google', ({ host }) => /(^|\.)(google|googleusercontent)\.com$/.test(host)],
  ['fastmail', ({ host }) => /(^|\.)fastmail\.com$/.test(host)],
  ['yahoo', ({ host }) => /(^|\.)yahoo\.com$/.test(host)],
  ['gmx', ({ host }) => /(^|\.)gmx\.\w+$/.test(host)],
  ['cyrus', ({ headers, sample }) => /cyrus/i.test(headers['server']?.[0] ?? '') || sample.includes('cyrusimap.org')],
  ['nextcloud', ({ home }) => home.includes('/remote.php/dav/')],
  ['sabre', ({ headers }) => 'x-sabre-version' in headers],
  ['sogo', ({ home }) => home.includes('/SOGo/dav/')],
  ['davical', ({ headers, home }) => 'x-davical-version' in headers || home.includes('/caldav.php/')],
  ['zimbra', ({ headers }) => /zimbra/i.test(headers['server']?.[0] ?? '')],
  ['stalwart', ({ headers }) => /stalwart/i.test(headers['server']?.[0] ?? '')],
  ['radicale', ({ sample }) => sample.includes('radicale.org')],
  ['radicale', ({ headers }) => /radicale/i.test([headers['www-authenticate'], headers['server']].flat().join(' '))],
  ['radicale', ({ headers }) => headers['server']?.[0]?.startsWith('WSGIServer') === true],
  ['xandikos', ({ headers }) => /xandikos|aiohttp/i.test(headers['server']?.[0] ?? '')],
];

export const softwareOf = (seen: SoftwareSigns): string => signs.find(([, matches]) => matches(seen))?.[0] ?? 'unknown';
