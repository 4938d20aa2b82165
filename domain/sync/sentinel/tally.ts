/** What the sentinel counts: a few numbers of each turn, and the shares of them that say whether a server is well. */

/** Counts of one turn, one minute or all that was learned: they add up. */
export interface Tally {
  /** Resources that deltas and listings called new, different or gone; those of a first listing are not among them. */
  synced: number;
  /** … of which it was claimed that they are gone, whether or not that was believed. */
  removals: number;
  /** Resources named in requests for several. */
  asked: number;
  /** … that the answer passed over in silence: RFC 4791 7.9 demands a word about each. */
  unanswered: number;
  /** … of which the answer said that they are not there, though a listing or delta had just named them. */
  missing: number;
  /** Deltas and listings read. */
  pages: number;
  /** … that began anew where there was something to continue from. */
  resyncs: number;
  /** Resources reported as changed that the cache held, and that arrived. */
  updates: number;
  /** … and differed in nothing that a reader would see. */
  phantoms: number;
  /** Answers and resources read. */
  read: number;
  /** … that could not be understood. */
  unreadable: number;
}

export type TallyField = keyof Tally;

export const noTally = (): Tally => ({
  synced: 0,
  removals: 0,
  asked: 0,
  unanswered: 0,
  missing: 0,
  pages: 0,
  resyncs: 0,
  updates: 0,
  phantoms: 0,
  read: 0,
  unreadable: 0,
});

const fields = Object.keys(noTally()) as readonly TallyField[];

/** Adds `more` to `sum`, in place. */
export function addTally(sum: Tally, more: Readonly<Tally>): void {
  for (const field of fields) sum[field] += more[field];
}

/** What is watched. */
export type Signal = 'removals' | 'unanswered' | 'missing' | 'resyncs' | 'phantoms' | 'unreadable';

/** Which count among which other makes the share of a signal. */
export const shares: Readonly<Record<Signal, { readonly count: TallyField; readonly of: TallyField }>> = {
  removals: { count: 'removals', of: 'synced' },
  unanswered: { count: 'unanswered', of: 'asked' },
  missing: { count: 'missing', of: 'asked' },
  resyncs: { count: 'resyncs', of: 'pages' },
  phantoms: { count: 'phantoms', of: 'updates' },
  unreadable: { count: 'unreadable', of: 'read' },
};

export const signals = Object.keys(shares) as readonly Signal[];

/** Nothing was counted: an idle turn, a write. */
export const isBlank = (tally: Readonly<Tally>): boolean => tally.pages === 0 && tally.read === 0 && tally.asked === 0;
