/** The sentinel's judgement: whether the last minutes of a kind of server are far from what is normal for it. */
import { nextBreaker } from './breaker.ts';
import { learn, normalShare, windowOf, type Alert, type BaselineDoc, type SentinelNumbers } from './baseline.ts';
import { shares, signals, type Signal, type Tally } from './tally.ts';

/** What somebody should hear of. */
export type SentinelEvent =
  | { readonly kind: 'alert_raised' | 'alert_ended'; readonly alert: Alert }
  | { readonly kind: 'breaker_holds' | 'breaker_clear' };

export interface Judged {
  /** The same object where nothing is different. */
  readonly doc: BaselineDoc;
  readonly events: readonly SentinelEvent[];
}

/** Judges the window, raises and ends alerts, moves the breaker, and learns what has left the window. */
export function judge(doc: BaselineDoc, nowMs: number, numbers: SentinelNumbers): Judged {
  const seen = deviations(doc, nowMs, numbers);
  const { lasting, ended } = sorted(doc.alerts, seen, nowMs, numbers);
  const raised = seen.filter((one) => !doc.alerts.some((alert) => alert.signal === one.signal));
  const breaker = moved(doc, lasting, nowMs, numbers);
  const changed = seen.length > 0 || ended.length > 0 || breaker !== doc.breaker;
  const past = [...doc.past, ...ended].slice(-numbers.pastMax);
  const after = changed ? { ...doc, alerts: lasting, past, breaker } : doc;
  return {
    doc: learn(after, nowMs, numbers),
    events: [
      ...raised.map((alert) => ({ kind: 'alert_raised' as const, alert })),
      ...ended.map((alert) => ({ kind: 'alert_ended' as const, alert })),
      ...(holds(breaker) === holds(doc.breaker)
        ? []
        : [{ kind: holds(breaker) ? ('breaker_holds' as const) : ('breaker_clear' as const) }]),
    ],
  };
}

const holds = ({ name }: BaselineDoc['breaker']): boolean => name === 'holding';

/**
 * More than `factor` times the normal share, or where most is normal, less than 1/`factor` of the normal rest; and in
 * either case more than chance makes of that.
 */
export function exceeds(count: number, of: number, normal: number, numbers: SentinelNumbers): boolean {
  if (of < numbers.populationMin || count < numbers.countMin) return false;
  const expected = normal * of;
  const usual = Math.min(numbers.factor * expected, of - (of - expected) / numbers.factor);
  return count > usual + numbers.deviations * Math.sqrt(expected * (1 - normal));
}

function deviations(doc: BaselineDoc, nowMs: number, numbers: SentinelNumbers): Alert[] {
  const { tally, affected } = windowOf(doc, nowMs, numbers);
  return signals.flatMap((signal) => {
    const profiles = affected[signal]?.length ?? 0;
    const normal = normalShare(doc, signal, numbers);
    const [count, of] = shareOf(tally, signal);
    if (profiles < numbers.profilesMin || !exceeds(count, of, normal, numbers)) return [];
    return [{ signal, sinceMs: nowMs, seenAtMs: nowMs, count, of, profiles, normal, endedAtMs: null }];
  });
}

export const shareOf = (tally: Readonly<Tally>, signal: Signal): readonly [number, number] => [
  tally[shares[signal].count],
  tally[shares[signal].of],
];

/** An alert lasts while its deviation is seen, and some time after that; its worst window is kept. */
function sorted(before: readonly Alert[], seen: readonly Alert[], nowMs: number, numbers: SentinelNumbers) {
  const lasting: Alert[] = seen.filter((one) => !before.some((alert) => alert.signal === one.signal));
  const ended: Alert[] = [];
  for (const alert of before) {
    const now = seen.find((one) => one.signal === alert.signal);
    if (now !== undefined) lasting.push(worse(alert, now));
    else if (nowMs - alert.seenAtMs < numbers.quietMs) lasting.push(alert);
    else ended.push({ ...alert, endedAtMs: nowMs });
  }
  return { lasting, ended };
}

function worse(alert: Alert, now: Alert): Alert {
  const { count, of, profiles } = now.count * alert.of > alert.count * now.of ? now : alert;
  return { ...alert, seenAtMs: now.seenAtMs, count, of, profiles };
}

function moved(doc: BaselineDoc, lasting: readonly Alert[], nowMs: number, numbers: SentinelNumbers) {
  const reason = lasting.find((one) => numbers.holding.includes(one.signal));
  const input =
    reason === undefined ? ({ kind: 'quiet' } as const) : ({ kind: 'deviated', note: noteOf(reason) } as const);
  return nextBreaker(doc.breaker, input, nowMs);
}

/** e.g. `unanswered: 61 of 420, normally 0.5 %`. */
export const noteOf = ({ signal, count, of, normal }: Alert): string =>
  `${signal}: ${count} of ${of}, normally ${Number((100 * normal).toPrecision(2))} %`;
