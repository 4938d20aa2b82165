/** A declared query with its parameters, checked and taken apart into conditions that any engine can carry out. */
import { KalendsError } from '../../domain/errors.ts';
import { collectionNames } from '../collections.ts';
import type { CollectionName } from '../collections.ts';
import type { FindOptions } from '../documents.ts';
import { queries } from '../queries.ts';
import type { QueryName, QueryShape } from '../queries.ts';

/** What stands in an index. */
export type Scalar = string | number | boolean | null;

const operators = ['gt', 'gte', 'lt', 'lte'] as const;
export type Operator = (typeof operators)[number];

export type Condition =
  | { readonly field: string; readonly kind: 'is'; readonly value: Scalar }
  /** No value twice; never exactly one. */
  | { readonly field: string; readonly kind: 'in'; readonly values: readonly Scalar[] }
  | { readonly field: string; readonly kind: 'bound'; readonly operator: Operator; readonly value: Scalar };

export interface Index {
  readonly name: string;
  readonly collection: CollectionName;
  readonly fields: readonly string[];
  readonly unique: boolean;
}

export interface Question {
  readonly collection: CollectionName;
  /** Null: the primary key. */
  readonly index: Index | null;
  readonly conditions: readonly Condition[];
  /** The fields whose order is total for these conditions; none where at most one document matches. */
  readonly order: readonly string[];
}

const shapes: Readonly<Record<string, QueryShape & { readonly collection: CollectionName }>> = queries;

/**
 * The index of a declared query: its equal fields, its range field, and `_id` where that makes the order total.
 * Null where the primary key alone answers it.
 */
function indexOfShape(shape: QueryShape & { readonly collection: CollectionName }): Index | null {
  const fields = [...shape.equal, ...(shape.range === null ? [] : [shape.range])];
  if (!shape.unique && !fields.includes('_id')) fields.push('_id');
  if (fields.length === 1 && fields[0] === '_id') return null;
  const prefix = shape.unique ? 'one' : 'by';
  return { name: `${prefix}_${fields.join('_')}`, collection: shape.collection, fields, unique: shape.unique };
}

const indexes = new Map(Object.entries(shapes).map(([name, shape]) => [name, indexOfShape(shape)]));

/** Every index of a collection, each once. */
export function indexesOf(collection: CollectionName): readonly Index[] {
  const found = new Map<string, Index>();
  for (const index of indexes.values()) if (index?.collection === collection) found.set(index.name, index);
  return [...found.values()];
}

function fieldsOf(collection: CollectionName): readonly string[] {
  const fields = new Set<string>();
  for (const shape of Object.values(shapes)) {
    if (shape.collection !== collection) continue;
    for (const field of [...shape.equal, ...(shape.range === null ? [] : [shape.range]), ...shape.filter])
      fields.add(field);
  }
  fields.delete('_id');
  return [...fields];
}

/** The fields besides `_id` that any query of a collection names. */
export const namedFields = Object.fromEntries(collectionNames.map((name) => [name, fieldsOf(name)])) as Readonly<
  Record<CollectionName, readonly string[]>
>;

const wrong = (query: string, problem: string): KalendsError =>
  new KalendsError('internal', `the query ${query} cannot be asked: ${problem}; the table is in store/queries.ts`);

function scalar(query: string, field: string, value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw wrong(query, `${field} has a value of type ${typeof value}`);
}

function boundsOf(query: string, field: string, range: object): Condition[] {
  return Object.entries(range).map(([name, value]) => {
    const operator = operators.find((known) => known === name);
    if (operator === undefined) throw wrong(query, `${field} has the unknown operator ${name}`);
    return { field, kind: 'bound', operator, value: scalar(query, field, value) };
  });
}

function conditionsOf(query: string, field: string, given: unknown): Condition[] {
  if (Array.isArray(given)) {
    const values = [...new Set(given.map((value) => scalar(query, field, value)))];
    const [only] = values;
    return [
      values.length === 1 && only !== undefined ? { field, kind: 'is', value: only } : { field, kind: 'in', values },
    ];
  }
  if (typeof given === 'object' && given !== null) return boundsOf(query, field, given);
  return [{ field, kind: 'is', value: scalar(query, field, given) }];
}

/**
 * Rejects what the types forbid: a name outside the table, an unknown or missing field, `undefined` anywhere (a forgotten
 * bound of a removal would remove everything).
 */
export function questionOf(query: QueryName, params: object): Question {
  const shape = Object.hasOwn(shapes, query) ? shapes[query] : undefined;
  if (shape === undefined) throw wrong(query, 'there is no such query');
  const given: Readonly<Record<string, unknown>> = { ...params };
  for (const field of shape.equal) if (given[field] === undefined) throw wrong(query, `${field} is missing`);
  const known = new Set([...shape.equal, shape.range, ...shape.filter]);
  const conditions = Object.entries(given).flatMap(([field, value]) => {
    if (!known.has(field)) throw wrong(query, `${field} is not one of its fields`);
    return conditionsOf(query, field, value);
  });
  const pinned = conditions.every(({ field, kind }) => kind === 'is' || !shape.equal.includes(field));
  const order = shape.range === null ? [] : [shape.range];
  // Inside one value of each equal field a unique index has no ties.
  if (!order.includes('_id') && !(shape.unique && pinned)) order.push('_id');
  return { collection: shape.collection, index: indexes.get(query) ?? null, conditions, order };
}

/** The limit as it is meant; null for none. */
export function limitOf(query: QueryName, options: FindOptions | undefined): number | null {
  const limit = options?.limit;
  if (limit === undefined) return null;
  if (!Number.isSafeInteger(limit) || limit < 1) throw wrong(query, `the limit ${limit} is not a whole number from 1`);
  return limit;
}
