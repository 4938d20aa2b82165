/** What the parts of the contract share: the ground that an engine stands on, and a few names. */
import { expect } from 'vitest';

import type { Documents } from '../../../store/documents.ts';
import { profileId } from '../../store/samples.ts';

/** Something that happens to the database from outside, and its end. */
export interface Trouble {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** One new, empty database. */
export interface Ground {
  /** Open; each call gives another one where the engine allows several at once, else the same. */
  documents(): Promise<Documents>;
  /** Closes them and opens what is stored again; absent where nothing outlives closing. */
  readonly again?: (before: Documents) => Promise<Documents>;
  /** The disk is full; absent where a test cannot fill it. */
  readonly full?: Trouble;
  /** The database cannot be reached; absent where that cannot happen while it is open. */
  readonly unavailable?: Trouble;
  end(): Promise<void>;
}

/** Which tests an engine runs: those of troubles that its ground can make. */
export interface Abilities {
  readonly again: boolean;
  readonly full: boolean;
  readonly unavailable: boolean;
}

/** Where a test finds the store of its own; set before each test. */
export interface At {
  ground: Ground;
  documents: Documents;
}

export const ada = profileId('ada');
export const ben = profileId('ben');

/** Matches our error with this code. */
export const fails = (code: string): object => expect.objectContaining({ type: 'KalendsError', code });

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('this ground cannot do that: its abilities are wrong');
  return value;
}

/** Several stores onto one database, taken in turns by many callers: `pick(k)` for the k-th. */
export async function several(ground: Ground, count: number): Promise<(k: number) => Documents> {
  const open: Documents[] = [];
  while (open.length < count) open.push(await ground.documents());
  return (k) => present(open[k % count]);
}
