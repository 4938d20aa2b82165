/** Builds the bodies of PROPFIND, REPORT and MKCALENDAR requests; every value is escaped. */
import { namespaces, type PrefixedName } from './names.ts';

const declarations = Object.entries(namespaces)
  .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  .join(' ');

/** Characters that XML 1.0 cannot carry at all are dropped: no escape exists for them. */
export const escapeXml = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- these are the characters in question
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');

const document = (root: PrefixedName, content: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<${root} ${declarations}>${content}</${root}>`;

const empty = (properties: readonly PrefixedName[]): string =>
  `<d:prop>${properties.map((name) => `<${name}/>`).join('')}</d:prop>`;

export const propfindBody = (properties: readonly PrefixedName[]): string => document('d:propfind', empty(properties));

/** RFC 6578 3.2; an empty token asks for everything. `sync-level` is in the RFC's final form, Depth in the header is 0. */
export const syncCollectionBody = (token: string, properties: readonly PrefixedName[]): string =>
  document(
    'd:sync-collection',
    `<d:sync-token>${escapeXml(token)}</d:sync-token><d:sync-level>1</d:sync-level>${empty(properties)}`,
  );

/** RFC 4791 7.9; `hrefs` are paths as they go on the wire. */
export const multigetBody = (hrefs: readonly string[], properties: readonly PrefixedName[]): string =>
  document(
    'c:calendar-multiget',
    empty(properties) + hrefs.map((href) => `<d:href>${escapeXml(href)}</d:href>`).join(''),
  );

/** Every event; the inner filter is not optional for iCloud, which answers nothing or 400 without it. */
export const eventQueryBody = (properties: readonly PrefixedName[]): string =>
  document(
    'c:calendar-query',
    `${empty(properties)}<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"/></c:comp-filter></c:filter>`,
  );

export const makeCalendarBody = (name: string, color: string | null): string =>
  document(
    'c:mkcalendar',
    `<d:set><d:prop><d:displayname>${escapeXml(name)}</d:displayname>${
      color === null ? '' : `<a:calendar-color>${escapeXml(color)}</a:calendar-color>`
    }<c:supported-calendar-component-set><c:comp name="VEVENT"/></c:supported-calendar-component-set></d:prop></d:set>`,
  );
