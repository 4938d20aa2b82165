/** A deliberate mistake in the real code: one text in one file, replaced while it is loaded. */

export interface Mutation {
  readonly name: string;
  /** In words, for people. */
  readonly mistake: string;
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const isInOnePlace = ({ find }: Mutation, source: string): boolean => source.split(find).length === 2;
