/** REPORT calendar-query (RFC 4791 section 7.8): component, UID and time range, generous where it is not sure. */
import { answer, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { multistatus } from './multistatus.ts';
import { askingOf, listing } from './propfind.ts';
import { rowOf, usualProperties, type Target } from './properties.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource, Mount } from './state.ts';
import { caldav, child, children, dav, type XmlElement } from './xml.ts';

export function calendarQuery(
  context: ModelContext,
  request: ModelRequest,
  mount: Mount,
  root: XmlElement,
): ModelAnswer {
  const asked = child(root, dav, 'prop')?.children ?? usualProperties;
  const calendarFilter = child(child(root, caldav, 'filter'), caldav, 'comp-filter');
  const isBare = children(calendarFilter, caldav, 'comp-filter').length === 0;
  if (isBare && context.faults.fires('query_without_component_400', request) !== null) return answer(400);
  const asking = askingOf(context, request);
  const matching = [...mount.calendar.resources.values()].filter((resource) => matches(resource, calendarFilter));
  const rows = listing(context, request, matching).map((resource) => {
    const target: Target = { kind: 'resource', mount, resource };
    return rowOf(asking, target, asked);
  });
  return multistatus(asking.href, rows);
}

function matches(resource: ModelResource, calendarFilter: XmlElement | null): boolean {
  return children(calendarFilter, caldav, 'comp-filter').every((filter) => {
    const component = filter.attributes['name'] ?? '';
    if (!new RegExp(`^BEGIN:${component}\\s*$`, 'im').test(resource.body)) return false;
    return matchesUid(resource, filter) && matchesRange(resource.body, child(filter, caldav, 'time-range'));
  });
}

function matchesUid(resource: ModelResource, filter: XmlElement): boolean {
  const byUid = children(filter, caldav, 'prop-filter').find((one) => one.attributes['name']?.toUpperCase() === 'UID');
  const wanted = child(byUid ?? null, caldav, 'text-match')?.text;
  return wanted === undefined || (resource.uid ?? '').toLowerCase().includes(wanted.trim().toLowerCase());
}

/** No zone is further from UTC than this. */
const zoneSlackMs = 14 * 3_600_000;

/** What may lie in the range is in it: series from their start on, times of unknown zones with slack on both sides. */
function matchesRange(body: string, range: XmlElement | null): boolean {
  if (range === null) return true;
  const start = toMs(range.attributes['start']) ?? -Infinity;
  const end = toMs(range.attributes['end']) ?? Infinity;
  const begins = [...body.matchAll(/^DTSTART[^:\r\n]*:(\S+)/gm)].map((found) => toMs(found[1]) ?? 0);
  const ends = [...body.matchAll(/^DTEND[^:\r\n]*:(\S+)/gm)].map((found) => toMs(found[1]) ?? 0);
  const first = Math.min(...begins);
  const open = /^(?:RRULE|RDATE|DURATION)\b/m.test(body);
  const last = open ? Infinity : Math.max(...begins.map((begin) => begin + 86_400_000), ...ends);
  return first - zoneSlackMs < end && last + zoneSlackMs > start;
}

function toMs(text: string | undefined): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/.exec(text ?? '');
  if (parts === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = parts;
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
