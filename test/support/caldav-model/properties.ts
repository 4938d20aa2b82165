/** The properties that each kind of thing on the model server has. */
import { unreachable } from '../../../domain/errors.ts';
import type { EtagWriter } from './etags.ts';
import type { ModelRequest } from './exchange.ts';
import type { PropertyName, Row } from './multistatus.ts';
import type { ModelContext } from './server.ts';
import { escapedPart, pathOf, type ModelResource, type Mount } from './state.ts';
import { tokenOf } from './sync-token.ts';
import { apple, caldav, calendarServer, dav, element, escapeText, keyOf } from './xml.ts';

/** Everything that a path can lead to. */
export type Target =
  | { readonly kind: 'root' }
  | { readonly kind: 'principal'; readonly user: string }
  | { readonly kind: 'home'; readonly user: string }
  | { readonly kind: 'calendar'; readonly mount: Mount }
  | { readonly kind: 'resource'; readonly mount: Mount; readonly resource: ModelResource };

/** What is at a path, or null. */
export function targetAt(context: ModelContext, segments: readonly string[]): Target | null {
  const { state } = context;
  const [top, user, , name] = segments;
  if (top === undefined) return { kind: 'root' };
  if (user === undefined || !state.users.has(user)) return null;
  if (top === 'principals') return segments.length === 2 ? { kind: 'principal', user } : null;
  if (top !== 'calendars') return null;
  if (segments.length === 2) return { kind: 'home', user };
  const mount = state.mountAt(segments);
  if (mount === null || segments.length > 4) return null;
  if (name === undefined) return { kind: 'calendar', mount };
  const resource = mount.calendar.resources.get(name);
  return resource === undefined ? null : { kind: 'resource', mount, resource };
}

export function pathOfTarget(target: Target): string {
  switch (target.kind) {
    case 'root':
      return '/';
    case 'principal':
      return principalPath(target.user);
    case 'home':
      return pathOf(target.user);
    case 'calendar':
      return pathOf(target.mount.user, target.mount.segment);
    case 'resource':
      return pathOf(target.mount.user, target.mount.segment, target.resource.name);
    default:
      return unreachable(target);
  }
}

/** What the writers of values need beside the target. */
export interface Asking {
  readonly context: ModelContext;
  readonly request: ModelRequest;
  /** Writes the hrefs inside values as those of rows are written. */
  readonly href: (path: string) => string;
  readonly etag: EtagWriter;
  readonly body: (resource: ModelResource) => string;
}

/** The row for a target: what it has of the asked properties, and what it has not. */
export function rowOf(asking: Asking, target: Target, asked: readonly PropertyName[]): Row {
  const found: string[] = [];
  const missing: PropertyName[] = [];
  for (const property of asked) {
    const value = valueOf(asking, target, keyOf(property));
    if (value === null) missing.push(property);
    else found.push(element(property, value));
  }
  return { path: pathOfTarget(target), found, missing };
}

/** For `allprop` and an empty body. */
export const usualProperties: readonly PropertyName[] = [
  { namespace: dav, name: 'resourcetype' },
  { namespace: dav, name: 'displayname' },
  { namespace: dav, name: 'getetag' },
  { namespace: dav, name: 'getcontenttype' },
  { namespace: dav, name: 'sync-token' },
];

type Value = string | null;

function valueOf(asking: Asking, target: Target, key: string): Value {
  const shared = sharedValue(asking, key);
  if (shared !== null) return shared;
  switch (target.kind) {
    case 'root':
      return key === keyOf({ namespace: dav, name: 'resourcetype' }) ? d('collection') : null;
    case 'principal':
      return principalValue(asking, target.user, key);
    case 'home':
      return homeValue(target.user, key);
    case 'calendar':
      return calendarValue(asking, target.mount, key);
    case 'resource':
      return resourceValue(asking, target.mount, target.resource, key);
    default:
      return unreachable(target);
  }
}

function sharedValue(asking: Asking, key: string): Value {
  const { user } = asking.request;
  switch (key) {
    case `${dav} current-user-principal`:
      return user === null ? d('unauthenticated') : d('href', asking.href(principalPath(user)));
    case `${dav} principal-collection-set`:
      return d('href', asking.href('/principals/'));
    default:
      return null;
  }
}

function principalValue(asking: Asking, user: string, key: string): Value {
  switch (key) {
    case `${dav} resourcetype`:
      return d('collection') + d('principal');
    case `${dav} displayname`:
      return escapeText(asking.context.state.users.get(user)?.displayName ?? user);
    case `${dav} principal-URL`:
      return d('href', asking.href(principalPath(user)));
    case `${caldav} calendar-home-set`:
      return d('href', asking.href(pathOf(user)));
    case `${caldav} calendar-user-address-set`:
      return d('href', `mailto:${escapeText(user.includes('@') ? user : `${user}@model.test`)}`);
    default:
      return null;
  }
}

function homeValue(user: string, key: string): Value {
  switch (key) {
    case `${dav} resourcetype`:
      return d('collection');
    case `${dav} displayname`:
      return escapeText(user);
    case `${dav} current-user-privilege-set`:
      return privileges('owner');
    default:
      return null;
  }
}

function calendarValue(asking: Asking, mount: Mount, key: string): Value {
  const { calendar } = mount;
  const { abilities } = asking.context;
  switch (key) {
    case `${dav} resourcetype`:
      return d('collection') + c('calendar');
    case `${dav} displayname`:
      return escapeText(calendar.displayName);
    case `${dav} owner`:
      return d('href', asking.href(principalPath(mount.user)));
    case `${apple} calendar-color`:
      return calendar.color === null ? null : escapeText(calendar.color);
    case `${caldav} calendar-timezone`:
      return calendar.timeZone === null ? null : escapeText(calendar.timeZone);
    case `${caldav} supported-calendar-component-set`:
      return calendar.components.map((name) => `<C:comp name="${escapeText(name)}"/>`).join('');
    case `${dav} current-user-privilege-set`:
      return privileges(mount.access);
    case `${dav} supported-report-set`:
      return reports(abilities.sync, abilities.calendarQuery);
    case `${calendarServer} getctag`:
      return abilities.ctag ? `"${calendar.revision}"` : null;
    case `${dav} getetag`:
      // As real servers do: whoever takes every row with an etag for a resource finds the calendar in itself.
      return `"${calendar.revision}"`;
    case `${dav} sync-token`:
      return abilities.sync ? tokenOf(asking.context, asking.request, calendar) : null;
    default:
      return null;
  }
}

function resourceValue(asking: Asking, mount: Mount, resource: ModelResource, key: string): Value {
  switch (key) {
    case `${dav} resourcetype`:
      return '';
    case `${dav} getetag`: {
      const etag = asking.etag(resource);
      return etag === null ? null : escapeText(etag);
    }
    case `${dav} getcontenttype`:
      return 'text/calendar; charset=utf-8; component=VEVENT';
    case `${dav} getcontentlength`:
      return String(Buffer.byteLength(resource.body));
    case `${dav} getlastmodified`:
      return new Date(resource.changedAtMs).toUTCString();
    case `${caldav} schedule-tag`:
      return asking.context.abilities.scheduleTags ? escapeText(resource.scheduleTag) : null;
    case `${dav} current-user-privilege-set`:
      return privileges(mount.access);
    case `${caldav} calendar-data`:
      return escapeText(asking.body(resource));
    default:
      return null;
  }
}

function principalPath(user: string): string {
  return `/principals/${escapedPart(user)}/`;
}

function privileges(access: Mount['access']): string {
  const names = ['read', 'read-current-user-privilege-set'];
  if (access !== 'read') names.push('write', 'write-content', 'bind', 'unbind');
  if (access === 'owner') names.push('write-properties', 'all');
  return names.map((name) => d('privilege', d(name))).join('');
}

function reports(sync: boolean, query: boolean): string {
  const names = [
    c('calendar-multiget'),
    ...(query ? [c('calendar-query')] : []),
    ...(sync ? [d('sync-collection')] : []),
  ];
  return names.map((name) => d('supported-report', d('report', name))).join('');
}

function d(name: string, content = ''): string {
  return element({ namespace: dav, name }, content);
}

function c(name: string): string {
  return element({ namespace: caldav, name });
}
