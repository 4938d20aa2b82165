/** MKCALENDAR (RFC 4791 section 5.3.1) with the properties that clients set at once. */
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import { pathOf } from './state.ts';
import { apple, caldav, child, children, dav, parseXml, type XmlElement } from './xml.ts';

export function mkcalendar(context: ModelContext, request: ModelRequest): ModelAnswer {
  const [top, user, segment, ...more] = request.segments;
  if (top !== 'calendars' || user === undefined || segment === undefined) return answer(403);
  if (more.length > 0) return answer(409);
  if (context.faults.fires('mkcalendar_405', request) !== null) return answer(405);
  if (context.state.mountAt(request.segments) !== null) return refusal(403, '<D:resource-must-be-null/>');
  const root = request.body.trim() === '' ? null : parseXml(request.body);
  if (root === null && request.body.trim() !== '') return answer(400);
  const properties = child(child(root, dav, 'set'), dav, 'prop');
  const components = componentsOf(child(properties, caldav, 'supported-calendar-component-set'));
  context.state.makeCalendar(user, segment, textOf(properties, dav, 'displayname') ?? segment, {
    color: textOf(properties, apple, 'calendar-color'),
    timeZone: textOf(properties, caldav, 'calendar-timezone'),
    ...(components.length === 0 ? {} : { components }),
  });
  request.effect = { kind: 'calendar_made', path: pathOf(user, segment) };
  return answer(201);
}

function componentsOf(set: XmlElement | null): readonly string[] {
  return children(set, caldav, 'comp').flatMap((one) => one.attributes['name'] ?? []);
}

function textOf(properties: XmlElement | null, namespace: string, name: string): string | null {
  return child(properties, namespace, name)?.text ?? null;
}
