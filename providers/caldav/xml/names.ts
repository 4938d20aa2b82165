/** The XML names that CalDAV uses here, in Clark notation: `{namespace}local`. */

export const namespaces = {
  d: 'DAV:',
  c: 'urn:ietf:params:xml:ns:caldav',
  cs: 'http://calendarserver.org/ns/',
  a: 'http://apple.com/ns/ical/',
} as const;

export type Prefix = keyof typeof namespaces;

/** e.g. `d:getetag`. */
export type PrefixedName = `${Prefix}:${string}`;

export const clark = (name: PrefixedName): string => {
  const [prefix = 'd', local = ''] = name.split(':');
  return `{${namespaces[prefix as Prefix]}}${local}`;
};

export const names = {
  multistatus: clark('d:multistatus'),
  response: clark('d:response'),
  href: clark('d:href'),
  status: clark('d:status'),
  propstat: clark('d:propstat'),
  prop: clark('d:prop'),
  error: clark('d:error'),
  syncToken: clark('d:sync-token'),
  ctag: clark('cs:getctag'),
  etag: clark('d:getetag'),
  scheduleTag: clark('c:schedule-tag'),
  calendarBody: clark('c:calendar-data'),
  resourceType: clark('d:resourcetype'),
  collection: clark('d:collection'),
  calendar: clark('c:calendar'),
  displayName: clark('d:displayname'),
  color: clark('a:calendar-color'),
  timeZone: clark('c:calendar-timezone'),
  components: clark('c:supported-calendar-component-set'),
  privileges: clark('d:current-user-privilege-set'),
  reports: clark('d:supported-report-set'),
  syncCollection: clark('d:sync-collection'),
  principal: clark('d:current-user-principal'),
  unauthenticated: clark('d:unauthenticated'),
  home: clark('c:calendar-home-set'),
  addresses: clark('c:calendar-user-address-set'),
  defaultCalendar: clark('c:schedule-default-calendar-URL'),
} as const;
