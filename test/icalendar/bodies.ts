/** Bodies for these suites: VEVENT lines in a VCALENDAR, and the corpus of odd but realistic files. */
import { readdirSync, readFileSync } from 'node:fs';
import { parseResource } from '../../domain/icalendar/parse.ts';
import type { EventComponent, NormalisedResource, Recurrence } from '../../domain/event.ts';

export const crlf = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');

export const calendar = (...lines: readonly string[]): string =>
  crlf(['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//test//EN', ...lines, 'END:VCALENDAR']);

/** One VEVENT; a UID and a DTSTART are there unless `lines` bring their own. */
export function vevent(...lines: readonly string[]): string[] {
  const has = (name: string) => lines.some((line) => line.startsWith(`${name}:`) || line.startsWith(`${name};`));
  const uid = has('UID') ? [] : ['UID:one@test'];
  const start = has('DTSTART') || has('NO-DTSTART') ? [] : ['DTSTART:20260302T090000Z'];
  return ['BEGIN:VEVENT', ...uid, ...start, ...lines, 'END:VEVENT'];
}

export const event = (...lines: readonly string[]): string => calendar(...vevent(...lines));

export function masterOf(body: string): EventComponent {
  const resource = parseResource(body);
  if (resource.master === null) throw new Error(`no master: ${JSON.stringify(resource.problem)}`);
  return resource.master;
}

export function recurrenceOf(body: string): Recurrence {
  const { recurrence } = parseResource(body);
  if (recurrence === null) throw new Error('does not recur');
  return recurrence;
}

/** Without the zone's functions, for comparison. */
export function plain(resource: NormalisedResource): unknown {
  const { recurrence } = resource;
  return { ...resource, recurrence: recurrence === null ? null : { ...recurrence, zone: recurrence.zone?.id ?? null } };
}

const folder = new URL('../corpus/icalendar/', import.meta.url);

export const corpus: readonly { readonly name: string; readonly body: string }[] = readdirSync(folder)
  .filter((name) => name.endsWith('.ics'))
  .sort()
  .map((name) => ({ name, body: readFileSync(new URL(name, folder), 'utf8') }));

export function fromCorpus(name: string): string {
  const found = corpus.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} in the corpus`);
  return found.body;
}

/** Logical lines without their breaks; folds stay. */
export const linesIn = (body: string): string[] =>
  body
    .replace(/^\uFEFF/, '')
    .split(/\r?\n(?![ \t])/)
    .map((line) => line.replace(/\r?\n/g, '\r\n'));

export const utcMs = (text: string): number => Date.parse(text);
