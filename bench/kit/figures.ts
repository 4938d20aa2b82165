/** Figures: medians and spreads of repeated measurements, printed as JSON lines and as a table for people. */

export interface Figure {
  readonly bench: string;
  /** What was measured, e.g. `first sync`. */
  readonly figure: string;
  /** Who did it: Kalends, the floor, or a peer with its version. */
  readonly subject: string;
  readonly unit: 'ms' | 'requests' | 'commits' | 'B' | 'MB' | 'req/s' | 'ratio' | 'events' | '%';
  readonly median: number;
  /** Smallest and largest. */
  readonly spread: readonly [number, number];
  readonly runs: number;
  /** Of many ratios: where their mean is with 95 % confidence. The spread shows single pairs, this what they say together. */
  readonly interval?: readonly [number, number];
  /** The median may not be larger; absent where nothing was promised. */
  readonly atMost?: number;
  readonly target?: Target;
  /** What else belongs to it. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

type Side = 'meets' | 'misses';

/** The median decides. Where the interval does not lie on its side of the bound altogether, that is said beside it. */
export type Target = 'met' | 'not met' | `median ${Side}, interval ${Side | 'crosses'}`;

/** How much is measured: `quick` proves that everything runs, and its numbers mean nothing. */
export interface Scale {
  readonly quick: boolean;
  readonly runs: number;
  /** Progress, for people. */
  readonly log: (line: string) => void;
}

/** A bench: answers are compared before anything is believed; rejects when they differ. */
export type Bench = (scale: Scale) => Promise<readonly Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Fewer are not spread as the interval takes them to be. */
const pairsMin = 30;

/** The geometric mean: twice as much and half as much are equally far from even. Two standard errors to either side. */
export function intervalOf(ratios: readonly number[]): readonly [number, number] {
  const logs = ratios.map((one) => Math.log(one));
  const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
  const variance = logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (logs.length - 1);
  const error = Math.sqrt(variance / logs.length);
  return [Math.exp(mean - 2 * error), Math.exp(mean + 2 * error)];
}

const intervalIn = (unit: Figure['unit'], values: readonly number[]): Figure['interval'] =>
  unit !== 'ratio' || values.length < pairsMin ? undefined : intervalOf(values);

const sideOf = (value: number, atMost: number): Side => (value <= atMost ? 'meets' : 'misses');

function targetOf(atMost: number, middle: number, interval: Figure['interval']): Target {
  const side = sideOf(middle, atMost);
  const [low, high] = (interval ?? [middle, middle]).map((end) => sideOf(end, atMost));
  if (low === side && high === side) return side === 'meets' ? 'met' : 'not met';
  return `median ${side}, interval ${low === undefined || low !== high ? 'crosses' : low}`;
}

/** Three digits that mean something. */
const rounded = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

type Labels = Pick<Figure, 'bench' | 'figure' | 'subject' | 'unit'> & Partial<Pick<Figure, 'atMost' | 'detail'>>;

/** Null where nothing was measured, e.g. a peer that is not installed. */
export function figureOf(labels: Labels, values: readonly number[]): Figure | null {
  if (values.length === 0) return null;
  const { atMost, detail, ...rest } = labels;
  const middle = median(values);
  const interval = intervalIn(rest.unit, values);
  return {
    ...rest,
    median: rounded(middle),
    spread: [rounded(Math.min(...values)), rounded(Math.max(...values))],
    runs: values.length,
    ...(interval === undefined ? {} : { interval: [rounded(interval[0]), rounded(interval[1])] }),
    ...(atMost === undefined ? {} : { atMost, target: targetOf(atMost, middle, interval) }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Figures depend on the machine: only who knows the machine can demand, by `strict`, that medians meet their targets. */
export const exitCodeOf = (figures: readonly Figure[], strict: boolean): number =>
  strict && figures.some(({ target }) => target === 'not met' || target?.startsWith('median misses') === true) ? 1 : 0;

/** Columns for a terminal; details are in the JSON lines alone. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.figure,
    one.subject,
    `${one.median} ${one.unit}`,
    `${one.spread[0]} … ${one.spread[1]}`,
    one.interval === undefined ? '' : `${one.interval[0]} … ${one.interval[1]}`,
    String(one.runs),
    one.atMost === undefined ? '' : `≤ ${one.atMost}: ${one.target === 'not met' ? 'NOT MET' : one.target}`,
  ]);
  const all = [['figure', 'subject', 'median', 'spread', '95 % of the mean', 'runs', 'target'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
