/** Reading parameters: from unknown values, as forgiving as existing clients need, to typed ones or a row of the 422. */
import { parseWireTime, type WireTime } from '../../domain/wire/times.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import type { Problems } from './problems.ts';

/** The parameters of a query or a body, as parsed and not yet believed. */
export type Params = Readonly<Record<string, unknown>>;

/** Null counts as absent wherever it has no meaning of its own: clients in typed languages send it for unset fields. */
const absent = (value: unknown): value is null | undefined => value === undefined || value === null;

export const isObject = (value: unknown): value is Params =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Query values are text: python writes `True` and `False`, others `1` and `0`; bodies hold real booleans. */
export function readBoolean(params: Params, name: string, problems: Problems, field = name): boolean {
  const value = params[name];
  if (absent(value) || value === '') return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|1)$/i.test(value)) return true;
  if (typeof value === 'string' && /^(false|0)$/i.test(value)) return false;
  problems.add(field, 'errors.must_be_boolean', 'must be true or false');
  return false;
}

export interface TextRules {
  /** Counted in characters (Unicode code points). */
  readonly max: number;
  readonly required?: boolean;
  /** Also refuse the empty text; implied by `required`. */
  readonly filled?: boolean;
}

/** `field` is the name that the 422 uses; it may be a path such as `location.description`. */
export function readText(value: unknown, field: string, rules: TextRules, problems: Problems): string | undefined {
  if (absent(value) || (value === '' && rules.required === true)) {
    if (rules.required === true) problems.add(field, 'errors.required', `${field} must be specified`);
    return undefined;
  }
  if (typeof value !== 'string') {
    problems.add(field, 'errors.must_be_string', 'must be a string');
    return undefined;
  }
  if (value === '' && rules.filled === true) {
    problems.add(field, 'errors.required', `${field} must not be empty`);
    return undefined;
  }
  if (value.length > rules.max && Array.from(value).length > rules.max) {
    problems.add(field, 'errors.too_long', `must have at most ${rules.max} characters`);
    return undefined;
  }
  // Engines and calendar formats hold no half characters and no NUL.
  if (!value.isWellFormed() || value.includes('\u0000')) {
    problems.add(field, 'errors.not_printable', 'must be well-formed text without NUL');
    return undefined;
  }
  return value;
}

/** `calendar_ids[]=a&calendar_ids[]=b`, a JSON list, or one value alone; null where the parameter is absent or empty. */
export function readTexts(params: Params, name: string, problems: Problems): readonly string[] | null {
  const value = params[name] === undefined ? params[`${name}[]`] : params[name];
  if (absent(value) || value === '') return null;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((one): one is string => typeof one === 'string');
  if (texts.length !== list.length) problems.add(name, 'errors.must_be_array', 'must be a list of strings');
  return texts.length === 0 ? null : [...new Set(texts)];
}

export function readTime(value: unknown, field: string, problems: Problems): WireTime | undefined {
  if (absent(value) || value === '') return undefined;
  const time = typeof value === 'string' ? parseWireTime(value) : null;
  if (time === null) {
    problems.add(field, 'errors.must_be_time', 'must be a date as 2026-11-21 or a time as 2026-11-21T09:00:00Z');
    return undefined;
  }
  return time;
}

/** An IANA name, as the database writes it; undefined where it is absent or not one (which is then a problem). */
export function readZone(value: unknown, field: string, problems: Problems): string | undefined {
  if (absent(value) || value === '') return undefined;
  const zone = typeof value === 'string' ? ianaZone(value) : null;
  if (zone !== null) return zone.id;
  problems.add(field, 'errors.tzid_unrecognized', 'must be a time zone name of the IANA database, e.g. Europe/Berlin');
  return undefined;
}
