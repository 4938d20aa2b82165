/** What every engine demands of a document before it is written, so that they differ in nothing. */
import { KalendsError } from '../../domain/errors.ts';
import type { CollectionName } from '../collections.ts';
import { namedFields } from './question.ts';

/** A document as an engine sees it. */
export interface Keyed {
  readonly _id: string;
}

/** Rejects an `_id` or a named field that engines would address differently. */
export function checkDocument(collection: CollectionName, document: Keyed): void {
  const fields: Readonly<Record<string, unknown>> = { ...document };
  for (const name of ['_id', ...namedFields[collection]]) {
    const value = fields[name];
    // Engines store UTF-8: two strings with different lone surrogates would become one key.
    if (typeof value === 'string' ? !value.isWellFormed() : name === '_id')
      throw new KalendsError('invalid_input', `${name} of a document in ${collection} is not well-formed Unicode text`);
    if (typeof value === 'object' && value !== null)
      throw new KalendsError('internal', `${name} of a document in ${collection} stands in a query and is no scalar`);
  }
}

/** What a type lost on its way here must not become an operator of a query language. */
export function checkIds(ids: readonly unknown[]): void {
  for (const id of ids)
    if (typeof id !== 'string') throw new KalendsError('internal', `an id of type ${typeof id} was asked for`);
}

/** A revision that does not grow would let a later replace win that knows nothing of this one. */
export function checkRev(
  collection: CollectionName,
  document: Keyed & { readonly rev: number },
  expected: number,
): void {
  if (document.rev > expected) return;
  throw new KalendsError(
    'internal',
    `a replace in ${collection} must raise the revision: it expects ${expected} and brings ${document.rev}`,
    { ids: { [collection]: document._id } },
  );
}

export const takenError = (collection: CollectionName, id: string, cause: unknown): KalendsError =>
  new KalendsError('duplicate_key', `the key of this document in ${collection} is taken`, {
    ids: { [collection]: id },
    cause,
  });

export const closedError = (database: string): KalendsError =>
  new KalendsError('store_unavailable', `the database ${database} is not open`, { ids: { database } });
