/** PROPPATCH of the few properties of a calendar that people change. */
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { multistatus } from './multistatus.ts';
import { targetAt } from './properties.ts';
import type { ModelContext } from './server.ts';
import type { ModelCalendar } from './state.ts';
import { apple, caldav, child, children, dav, element, keyOf, parseXml, type XmlElement } from './xml.ts';

export function proppatch(context: ModelContext, request: ModelRequest): ModelAnswer {
  const target = targetAt(context, request.segments);
  if (target === null) return answer(404);
  if (target.kind !== 'calendar' || target.mount.access !== 'owner') return refusal(403, '<D:need-privileges/>');
  const root = parseXml(request.body);
  if (root === null) return answer(400);
  const { calendar } = target.mount;
  const wanted = children(root, dav, 'set').flatMap((set) => child(set, dav, 'prop')?.children ?? []);
  const set = wanted.filter((property) => change(calendar, property));
  const row = {
    path: request.path,
    found: set.map((property) => element(property)),
    missing: wanted.filter((property) => !set.includes(property)),
  };
  return multistatus((path) => path, [row]);
}

function change(calendar: ModelCalendar, property: XmlElement): boolean {
  switch (keyOf(property)) {
    case `${dav} displayname`:
      calendar.displayName = property.text;
      return true;
    case `${apple} calendar-color`:
      calendar.color = property.text;
      return true;
    case `${caldav} calendar-timezone`:
      calendar.timeZone = property.text;
      return true;
    default:
      return false;
  }
}
