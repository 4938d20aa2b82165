/** The SQL of the SQLite engine: tables and indexes from the table of queries, statements from the shape of a question. */
import { collectionNames, revised } from '../collections.ts';
import type { CollectionName } from '../collections.ts';
import { indexesOf, namedFields } from './question.ts';
import type { Condition, Index, Question, Scalar } from './question.ts';

/** What SQLite can hold in a column. */
export type Cell = string | number | null;

export interface Sql {
  readonly text: string;
  readonly values: readonly Cell[];
}

/** Every name comes from our own tables; quoting keeps words like `order` apart from the language. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** SQLite has no booleans. */
export const cell = (value: Scalar): Cell => (typeof value === 'boolean' ? Number(value) : value);

/** The extracted columns of a collection; `rev` stands in one too, so that a replace needs no look into the document. */
export function columnsOf(collection: CollectionName): readonly string[] {
  const named = namedFields[collection].filter((field) => field !== 'rev');
  return revised[collection] ? ['rev', ...named] : named;
}

/**
 * Columns have no declared type, hence no affinity: a value is compared as what it is, and the name `0123` is not 123.
 * The document follows its columns, so that a scan over columns never walks the pages of a long body.
 */
export const createTable = (collection: CollectionName): string =>
  `CREATE TABLE IF NOT EXISTS ${quote(collection)} (${[
    '"_id" TEXT PRIMARY KEY NOT NULL',
    ...columnsOf(collection).map(quote),
    '"doc" TEXT NOT NULL',
  ].join(', ')})`;

/** Index names are unique in a whole SQLite database, not in a table. */
export const indexName = (index: Index): string => `${index.collection}_${index.name}`;

export const createIndex = (index: Index): string =>
  `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS ${quote(indexName(index))} ` +
  `ON ${quote(index.collection)} (${index.fields.map(quote).join(', ')})`;

export const allIndexes = (): readonly Index[] => collectionNames.flatMap(indexesOf);

const allColumns = (collection: CollectionName): readonly string[] => ['_id', ...columnsOf(collection), 'doc'];

export function insertText(collection: CollectionName): string {
  const columns = allColumns(collection);
  const places = columns.map(() => '?').join(', ');
  return `INSERT INTO ${quote(collection)} (${columns.map(quote).join(', ')}) VALUES (${places})`;
}

/** ON CONFLICT names the key: `INSERT OR REPLACE` would delete whatever else holds one of the unique fields. */
export function upsertText(collection: CollectionName): string {
  const changes = allColumns(collection)
    .slice(1)
    .map((column) => `${quote(column)} = excluded.${quote(column)}`);
  return `${insertText(collection)} ON CONFLICT ("_id") DO UPDATE SET ${changes.join(', ')}`;
}

/** Takes the cells of the document, then its `_id` again and the revision expected. */
export function replaceText(collection: CollectionName): string {
  const changes = allColumns(collection).map((column) => `${quote(column)} = ?`);
  return `UPDATE ${quote(collection)} SET ${changes.join(', ')} WHERE "_id" = ? AND "rev" = ?`;
}

function conditionSql(condition: Condition): Sql {
  const column = quote(condition.field);
  if (condition.kind === 'bound')
    return { text: `${column} ${signs[condition.operator]} ?`, values: [cell(condition.value)] };
  if (condition.kind === 'is')
    return condition.value === null
      ? { text: `${column} IS NULL`, values: [] }
      : { text: `${column} = ?`, values: [cell(condition.value)] };
  const values = condition.values.filter((value) => value !== null).map(cell);
  const listed = `${column} IN (SELECT value FROM json_each(?))`;
  return {
    text: values.length === condition.values.length ? listed : `(${listed} OR ${column} IS NULL)`,
    values: [JSON.stringify(values)],
  };
}

/**
 * The index is named and not left to the planner, which may prefer another one and sort: preparing fails where the named
 * index cannot serve.
 */
function fromWhere(question: Question): Sql {
  const parts = question.conditions.map(conditionSql);
  const index = question.index === null ? `sqlite_autoindex_${question.collection}_1` : indexName(question.index);
  const where = parts.length === 0 ? '' : ` WHERE ${parts.map((part) => part.text).join(' AND ')}`;
  return {
    text: `${quote(question.collection)} INDEXED BY ${quote(index)}${where}`,
    values: parts.flatMap((part) => part.values),
  };
}

/** More branches than this cost more to prepare than a sort of the answer. */
const branchesMax = 32;

/**
 * One question for each value of the first list over an equal field. Each reads its index in order and the answers are
 * merged: the first 100 events of ten calendars take 0.34 ms, and 0.78 ms when SQLite sorts.
 */
function branchesOf(question: Question): readonly Question[] {
  const place = question.conditions.findIndex(
    ({ field, kind }) => kind === 'in' && question.index?.fields.includes(field) === true,
  );
  const list = question.conditions[place];
  if (list?.kind !== 'in' || list.values.length < 2 || list.values.length > branchesMax) return [question];
  const { collection, index, order, conditions } = question;
  return list.values.map((value) => {
    const chosen: Condition = { field: list.field, kind: 'is', value };
    return { collection, index, order, conditions: conditions.with(place, chosen) };
  });
}

export function selectSql(question: Question, limit: number | null, descending: boolean): Sql {
  const branches = branchesOf(question).map(fromWhere);
  const columns = ['doc', ...question.order].map(quote).join(', ');
  const selects = branches.map((branch) => `SELECT ${columns} FROM ${branch.text}`).join(' UNION ALL ');
  const order = question.order.map((field) => `${quote(field)} ${descending ? 'DESC' : 'ASC'}`).join(', ');
  const ordered = `${selects}${order === '' ? '' : ` ORDER BY ${order}`}${limit === null ? '' : ' LIMIT ?'}`;
  return {
    text: ordered,
    values: [...branches.flatMap((branch) => branch.values), ...(limit === null ? [] : [limit])],
  };
}

export function countSql(question: Question): Sql {
  const { text, values } = fromWhere(question);
  return { text: `SELECT count(*) AS total FROM ${text}`, values };
}

export function deleteSql(question: Question): Sql {
  const { text, values } = fromWhere(question);
  return { text: `DELETE FROM ${text}`, values };
}
