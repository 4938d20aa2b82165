/** What SQLite says went wrong, in the words of Kalends. */
import { KalendsError, isKalendsError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { isOfFile, unusableFile } from '../../domain/unusable-file.ts';

export function sqliteCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** An `_id` or a unique index was taken. */
export const isTaken = (error: unknown): boolean =>
  sqliteCode(error) === 'SQLITE_CONSTRAINT_PRIMARYKEY' || sqliteCode(error) === 'SQLITE_CONSTRAINT_UNIQUE';

/** The failures that say nothing about one document but that no statement can be trusted now. */
const ofTheDatabase = [
  'FULL',
  'IOERR',
  'NOMEM',
  'CORRUPT',
  'NOTADB',
  'CANTOPEN',
  'READONLY',
  'BUSY',
  'LOCKED',
  'PROTOCOL',
];

export const isOfTheDatabase = (error: unknown): boolean =>
  ofTheDatabase.some((name) => sqliteCode(error).startsWith(`SQLITE_${name}`));

/** What the loader of native code says: the package was installed for another machine, or not in whole. */
const notLoaded =
  'the package better-sqlite3 cannot be loaded on this machine; run `npm ci` where Kalends is installed';

const reasons: readonly (readonly [prefix: string, code: ErrorCode, text: string])[] = [
  ['ERR_DLOPEN_FAILED', 'configuration_invalid', notLoaded],
  ['MODULE_NOT_FOUND', 'configuration_invalid', notLoaded],
  ['SQLITE_FULL', 'store_full', 'the disk is full: nothing of this write was stored; make room and it is tried again'],
  [
    'SQLITE_BUSY',
    'store_unavailable',
    'another process has this database open: where that is `kalends start`, `kalends ops …` asks it; stop it to start another',
  ],
  ['SQLITE_NOTADB', 'store_unavailable', 'the file is not a SQLite database; look at the configured path'],
  ['SQLITE_CORRUPT', 'store_unavailable', 'the database is damaged; restore the last backup'],
  ['SQLITE_READONLY', 'store_unavailable', 'the database cannot be written; look at the permissions of its folder'],
  ['SQLITE_CANTOPEN', 'store_unavailable', 'the database cannot be opened; look at the path and its permissions'],
];

/** `path` names the database for whoever reads the message. */
export function fromSqlite(error: unknown, path: string): KalendsError {
  if (isKalendsError(error)) return error;
  const ids = { database: path };
  if (isTaken(error)) return new KalendsError('duplicate_key', 'this key is taken', { ids, cause: error });
  const code = sqliteCode(error);
  const known = reasons.find(([prefix]) => code.startsWith(prefix));
  if (known !== undefined) return new KalendsError(known[1], `${path}: ${known[2]}`, { ids, cause: error });
  if (isOfFile(error)) return unusableFile(path, 'written', error);
  const text = error instanceof Error ? error.message : String(error);
  return new KalendsError(isOfTheDatabase(error) ? 'store_unavailable' : 'internal', `${path}: ${text}`, {
    ids,
    cause: error,
  });
}
