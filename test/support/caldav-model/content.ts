/** What a calendar server checks in a body before it stores it (RFC 4791 section 5.3.2.1), and how some change it. */
import ICAL from 'ical.js';
import type { ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource } from './state.ts';

/** The components whose first one gives the resource its kind. */
const kinds: ReadonlySet<string> = new Set(['vevent', 'vtodo', 'vjournal']);

/** Null when the body may be stored, else the precondition that it breaks. */
export function brokenPrecondition(body: string, components: readonly string[]): string | null {
  const found = partsOf(body);
  if (found === null || found.length === 0) return '<C:valid-calendar-data/>';
  const [first] = found;
  const oneThing = found.every((part) => part.name === first?.name && part.uid !== null && part.uid === first.uid);
  if (!oneThing) return '<C:valid-calendar-object-resource/>';
  const supported = components.map((name) => name.toLowerCase()).includes(first?.name ?? '');
  return supported ? null : '<C:supported-calendar-component/>';
}

/** Null when it is no iCalendar object. */
function partsOf(body: string): readonly { readonly name: string; readonly uid: string | null }[] | null {
  try {
    const calendar = new ICAL.Component(ICAL.parse(body) as unknown[]);
    if (calendar.name !== 'vcalendar') return null;
    return calendar
      .getAllSubcomponents()
      .filter((part) => kinds.has(part.name))
      .map((part) => ({ name: part.name, uid: textOf(part.getFirstPropertyValue('uid')) }));
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Says the same in other words: another product, one more property of its own, other line folds. */
export function rewritten(body: string): string {
  const unfolded = body.replaceAll(/\r?\n[ \t]/g, '');
  return unfolded
    .replace(/^PRODID:.*$/m, 'PRODID:-//Model Server//Rewritten//EN')
    .replaceAll(/^END:VEVENT/gm, 'X-MODEL-SERVER:1\r\nEND:VEVENT');
}

/** Says less than it was told to. */
export function withoutLocation(body: string): string {
  return body.replaceAll(/^LOCATION[;:].*(?:\r?\n[ \t].*)*\r?\n/gm, '');
}

const defaultAlarm = ['BEGIN:VALARM', 'ACTION:AUDIO', 'TRIGGER:-PT30M', 'X-APPLE-DEFAULT-ALARM:TRUE', 'END:VALARM', ''];

/** Each event has the default alarm once. */
export const withDefaultAlarm = (body: string): string =>
  body.includes('X-APPLE-DEFAULT-ALARM')
    ? body
    : body.replaceAll(/^END:VEVENT/gm, (end) => defaultAlarm.join('\r\n') + end);

export const hasAlarms = (body: string): boolean => /^BEGIN:VALARM/m.test(body);

export const withoutAlarms = (body: string): string => body.replaceAll(/^BEGIN:VALARM[^]*?^END:VALARM\r?\n/gm, '');

/** What is shown of a body: one way for all of an answer, and asked only where there is one. */
export function bodyWriter({ faults }: ModelContext, request: ModelRequest): (resource: ModelResource) => string {
  let adds: boolean | null = null;
  return ({ body }) => {
    const alarmed = withDefaultAlarm(body);
    if (alarmed === body) return body;
    adds ??= faults.fires('reads_add_alarm', request) !== null;
    return adds ? alarmed : body;
  };
}
