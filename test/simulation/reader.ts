/** What a body says, by a reader of the simulation's own: enough for what people and applications write here. */

export interface ShownOccurrence {
  /** Its original start in UTC basic form; null for what happens once. */
  readonly key: string | null;
  /** `2026-11-21T09:00:00`, as `end` is. */
  readonly start: string;
  readonly end: string;
  readonly summary: string;
  /** All that applications are shown of it. */
  readonly line: string;
}

export function occurrencesIn(body: string): readonly ShownOccurrence[] {
  const startText = valueOf(body, 'DTSTART');
  const endText = valueOf(body, 'DTEND');
  if (startText === undefined || endText === undefined || !body.includes('END:VCALENDAR')) return [];
  const count = /COUNT=(\d+)/.exec(valueOf(body, 'RRULE') ?? '')?.[1];
  const summary = valueOf(body, 'SUMMARY') ?? '';
  const rest = [summary, valueOf(body, 'LOCATION') ?? '', valueOf(body, 'DESCRIPTION') ?? ''];
  return Array.from({ length: Number(count ?? 1) }, (_, week) => {
    const shifted = (text: string): string => new Date(msOf(text) + week * 7 * 86_400_000).toISOString().slice(0, 19);
    const [start, end] = [shifted(startText), shifted(endText)];
    const key = count === undefined ? null : `${start.replaceAll(/[-:]/g, '')}Z`;
    return { key, start, end, summary, line: [start, end, ...rest].join(' | ') };
  });
}

export const shownBy = (body: string): readonly string[] => occurrencesIn(body).map((one) => one.line);

/** Of an event; empty where there is none. */
export const textOf = (body: string, name: string): string => valueOf(body, name) ?? '';

/**
 * Everything that a reader could see differently: all but the stamps and alarms that programs and servers change by
 * themselves, and what only they understand, in any order and folded in any way.
 */
export function saidBy(body: string): string {
  const lines = unfolded(withoutAlarms(body))
    .split(/\r?\n/)
    .filter((line) => line !== '' && !unseen.test(line));
  return lines.toSorted().join('\n');
}

/** Servers add and drop them (iCloud). */
export const withoutAlarms = (body: string): string => body.replaceAll(/^BEGIN:VALARM[^]*?^END:VALARM\r?\n/gm, '');

const unseen = /^(?:DTSTAMP|LAST-MODIFIED|CREATED|SEQUENCE|PRODID|X-[^:;]*)[:;]/;

const unfolded = (body: string): string => body.replaceAll(/\r?\n[ \t]/g, '');

const valueOf = (body: string, name: string): string | undefined =>
  new RegExp(`^${name}(?:;[^:]*)?:(.*?)\\r?$`, 'm').exec(unfolded(body))?.[1];

const msOf = (basic: string): number =>
  Date.parse(basic.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z?$/, '$1-$2-$3T$4:$5:$6Z'));
