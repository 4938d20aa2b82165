/** One content line as name, parameters and values, and back: the syntax is left to ical.js, the meaning to the fields. */
import ICAL from 'ical.js';
import { fold } from './fold.ts';
import { maxHead } from './limits.ts';
import { lineOf, textOf, type Component, type Line, firstLine } from './tree.ts';

export interface Property {
  /** The VALUE parameter in lower case, or the type of the property: `text`, else `unknown`. */
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Decoded where the property is text, as written where it is anything else; never empty. */
  readonly values: readonly [string, ...string[]];
}

/** What ical.js makes of a line (RFC 7265 section 3.4). */
type JcalProperty = [name: string, params: Property['params'], type: string, ...values: unknown[]];

/**
 * Our own reading of types: texts are decoded by ical.js, all other values come as written, because its typed values
 * throw late, drop zones and round coordinates.
 */
const text = { defaultType: 'text' };
const raw = { valueType: 'raw' };
const designSet = {
  value: { text: ICAL.design.icalendar.value['text' as never] },
  // RFC 5545 section 3.2: a backslash in a parameter is only a backslash.
  param: { ...ICAL.design.icalendar.param, cn: raw, tzid: raw, email: raw },
  property: {
    summary: text,
    description: text,
    location: text,
    uid: text,
    categories: { defaultType: 'text', multiValue: ',' },
  },
  propertyGroups: false,
};

/** Null for a line whose parameters cannot be read: one such line must not cost the file. */
export function readProperty(line: Line): Property | null {
  const unfolded = textOf(line);
  if (unfolded.length > maxHead && headLength(unfolded) > maxHead) return null;
  try {
    const [, params, type, ...values] = ICAL.parse.property(unfolded, designSet) as JcalProperty;
    const [first = '', ...others] = values.map(String);
    return { params, type, values: [first, ...others] };
  } catch {
    return null;
  }
}

/** How far the value is away: the first colon outside quotes. */
function headLength(unfolded: string): number {
  let quoted = false;
  for (let at = 0; at < unfolded.length; at += 1) {
    if (unfolded[at] === '"') quoted = !quoted;
    if (unfolded[at] === ':' && !quoted) return at;
  }
  return unfolded.length;
}

/** The first property of this name that can be read. */
export function propertyOf(component: Component, name: string): Property | null {
  const line = firstLine(component, name);
  return line === null ? null : readProperty(line);
}

/** The first value, trimmed; empty counts as absent. For everything but texts, whose spaces are their own. */
export function tokenOf(component: Component, name: string): string | null {
  const token = propertyOf(component, name)?.values[0].trim() ?? '';
  return token === '' ? null : token;
}

/** A parameter's (first) value; `name` in lower case. */
export function paramOf(property: Property, name: string): string | null {
  const value = Object.hasOwn(property.params, name) ? property.params[name] : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : null;
}

/** A text property; escaped and folded. */
export function textLine(name: string, ...values: readonly string[]): Line {
  return written(name, {}, 'text', values.map(legalText));
}

/** A property whose value is written as it is. Control characters are dropped: no value can begin another line. */
export function rawLine(name: string, value: string, params: Readonly<Record<string, string>> = {}): Line {
  const legal = Object.entries(params).map(([key, one]) => [key, oneLine(one)] as const);
  return written(name, Object.fromEntries(legal), 'unknown', [oneLine(value)]);
}

function written(name: string, params: object, type: string, values: readonly string[]): Line {
  return lineOf(fold(ICAL.stringify.property([name.toLowerCase(), params, type, ...values], designSet, true)));
}

// RFC 5545 section 3.1 allows no control characters; U+FFFE and U+FFFF would make the server's XML malformed.
// oxlint-disable-next-line no-control-regex
const illegal = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g;

/** Text as it can be carried, and so as it will be read again. */
export const legalText = (value: string): string => value.toWellFormed().replace(/\r\n?/g, '\n').replace(illegal, '');

/** The same on one line. */
export const oneLine = (value: string): string =>
  legalText(value)
    .replace(/[\n\t]/g, ' ')
    .trim();
