/** Every query of the table with parameters of every kind that it takes, for tests of plans and indexes. */
import { questionOf } from '../../store/engines/question.ts';
import type { Question } from '../../store/engines/question.ts';
import { indexName } from '../../store/engines/sqlite-sql.ts';
import type { QueryName, QueryParams, QueryShape } from '../../store/queries.ts';
import { queries } from '../../store/queries.ts';

interface AnyQuestion {
  readonly query: QueryName;
  readonly params: QueryParams<QueryName>;
  /** Whether each equal field has one value, so that the index alone gives the order. */
  readonly ordered: boolean;
  /** As SQLite calls it. */
  readonly index: string;
}

/** Values are strings: no index looks at what a value is. */
function variantsOf({ equal, range, filter }: QueryShape): { params: object; ordered: boolean }[] {
  const one = Object.fromEntries(equal.map((field) => [field, 'x']));
  const lists = Object.fromEntries(equal.map((field) => [field, ['x', 'y', 'z']]));
  const long = Object.fromEntries(equal.map((field) => [field, Array.from({ length: 50 }, (_, k) => `${k}`)]));
  const bounds = range === null ? {} : { [range]: { gte: 'a', lt: 'z' } };
  const filters = Object.fromEntries(filter.map((field) => [field, { gt: 'a' }]));
  return [
    { params: one, ordered: true },
    { params: { ...one, ...bounds }, ordered: true },
    { params: { ...one, ...bounds, ...filters }, ordered: true },
    { params: { ...lists, ...bounds, ...filters }, ordered: equal.length <= 1 },
    { params: { ...long, ...bounds, ...filters }, ordered: equal.length === 0 },
  ];
}

const nameOf = ({ collection, index }: Question): string =>
  index === null ? `sqlite_autoindex_${collection}_1` : indexName(index);

export const everyQuestion = (): AnyQuestion[] =>
  (Object.keys(queries) as QueryName[]).flatMap((query) =>
    variantsOf(queries[query]).map(({ params, ordered }) => ({
      query,
      params: params as QueryParams<QueryName>,
      ordered,
      index: nameOf(questionOf(query, params)),
    })),
  );
