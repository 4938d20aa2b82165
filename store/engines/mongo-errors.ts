/** What MongoDB or its driver says went wrong, in the words of Kalends. */
import type { MongoBulkWriteError, MongoServerError, WriteError } from 'mongodb';

import { KalendsError, isKalendsError } from '../../domain/errors.ts';
import { mongoDriver } from './mongo-driver.ts';

const duplicateKey = 11_000;
/** OutOfDiskSpace. */
const diskFull = 14_031;
/** Unauthorized, AuthenticationFailed: no retry helps, a person must look at the settings. */
const refused = new Set<unknown>([13, 18]);

/** Server codes that say something about a document or a command of ours; every other one is about the server's state. */
const ours = new Set<unknown>([
  2, // BadValue
  9, // FailedToParse
  14, // TypeMismatch
  52, // DollarPrefixedFieldName
  59, // CommandNotFound
  85, // IndexOptionsConflict
  86, // IndexKeySpecsConflict
  10_334, // BSONObjectTooLarge
]);

const isOfServer = (error: unknown): error is MongoServerError => error instanceof mongoDriver().MongoServerError;
const isOfBulk = (error: unknown): error is MongoBulkWriteError => error instanceof mongoDriver().MongoBulkWriteError;

export const isDuplicate = (error: unknown): boolean =>
  isOfServer(error) && error.code === duplicateKey && !isOfBulk(error);

const failuresOf = ({ writeErrors }: MongoBulkWriteError): readonly WriteError[] =>
  'index' in writeErrors ? [writeErrors] : writeErrors;

/** The failures of a bulk write by place; null where more went wrong than taken keys. */
export function duplicatesOf(error: unknown): readonly WriteError[] | null {
  if (!isOfBulk(error)) return null;
  // Stored but not known to be replicated is not stored.
  if (error.result.getWriteConcernError() !== undefined) return null;
  const failures = failuresOf(error);
  return failures.length > 0 && failures.every((failure) => failure.code === duplicateKey) ? failures : null;
}

/** Of a bulk write only what was more than a taken key: those have their own answer. */
function codesOf(error: MongoServerError): readonly unknown[] {
  if (!isOfBulk(error)) return [error.code];
  const codes = [...failuresOf(error).map((failure) => failure.code), error.result.getWriteConcernError()?.code];
  return codes.filter((code) => code !== undefined && code !== duplicateKey);
}

/** `database` names it for whoever reads the message; an address with a password never comes here. */
export function fromMongo(error: unknown, database: string): KalendsError {
  if (isKalendsError(error)) return error;
  const options = { ids: { database }, cause: error };
  const text = error instanceof Error ? error.message : String(error);
  if (!isOfServer(error)) return new KalendsError(codeOfDriver(error), `${database}: ${text}`, options);
  const codes = codesOf(error);
  if (codes.includes(diskFull) || /no space left|out of disk/i.test(text))
    return new KalendsError('store_full', `${database}: the disk of the database server is full; make room`, options);
  if (codes.some((code) => refused.has(code)))
    return new KalendsError('configuration_invalid', `${database}: the database server refuses the login`, options);
  if (codes.includes(duplicateKey)) return new KalendsError('duplicate_key', 'this key is taken', options);
  const ofOurs = codes.some((code) => ours.has(code));
  return new KalendsError(ofOurs ? 'internal' : 'store_unavailable', `${database}: ${text}`, options);
}

/**
 * Errors that the driver makes itself: a wrong setting or call, or else the network, a pool, an election. By name: its
 * parser of addresses throws a class of its own that is not exported.
 */
function codeOfDriver(error: unknown): 'configuration_invalid' | 'internal' | 'store_unavailable' {
  const name = error instanceof Error ? error.name : '';
  if (/^Mongo(Parse|Compatibility|MissingCredentials)/.test(name)) return 'configuration_invalid';
  if (!(error instanceof mongoDriver().MongoError)) return 'internal';
  return /^Mongo(InvalidArgument|MissingDependency)/.test(name) ? 'internal' : 'store_unavailable';
}
