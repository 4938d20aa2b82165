/** Documents as MongoDB can hold them: keys that it, or its driver, reads as something else are written differently. */
import type { Condition, Question } from './question.ts';

/**
 * `$` at the start is an operator (and `$ref` a reference), a dot a path, NUL an error; an object with `_bsontype` is
 * taken for a number or id of the driver's own. A percent sign marks what was replaced, as in a URL.
 */
const special = /^\$|[.%\0]|^_(?=bsontype$)/g;

const escapeKey = (key: string): string =>
  key === '' ? '%' : key.replace(special, (match) => `%${match.charCodeAt(0).toString(16).padStart(2, '0')}`);

const unescapeKey = (key: string): string =>
  key === '%' ? '' : key.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function copy(value: unknown, renamed: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => copy(one ?? null, renamed));
  if (typeof value === 'object' && value !== null) return copyObject(value, renamed);
  // JSON knows neither -0 nor infinities.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  return value;
}

/** `fromEntries` defines keys, so that `__proto__` stays one. */
const copyObject = (value: object, renamed: (key: string) => string): object =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [renamed(key), copy(inner, renamed)]),
  );

/** A copy: what the caller changes afterwards is not written. */
export const toStored = <D extends object>(document: D): D => copyObject(document, escapeKey) as D;

export const fromStored = (stored: object): unknown => copyObject(stored, unescapeKey);

/** Values are scalars and names come from the table, so nothing of a caller's is ever read as an operator. */
export function filterOf(conditions: readonly Condition[]): Record<string, unknown> {
  const filter: Record<string, unknown> = {};
  const bounds = new Map<string, Record<string, unknown>>();
  for (const condition of conditions) {
    if (condition.kind === 'is') filter[condition.field] = condition.value;
    else if (condition.kind === 'in') filter[condition.field] = { $in: condition.values };
    else {
      const range = bounds.get(condition.field) ?? {};
      range[`$${condition.operator}`] = condition.value;
      bounds.set(condition.field, range);
      filter[condition.field] = range;
    }
  }
  return filter;
}

export const sortOf = (question: Question, descending: boolean): Record<string, 1 | -1> =>
  Object.fromEntries(question.order.map((field) => [field, descending ? -1 : 1]));
