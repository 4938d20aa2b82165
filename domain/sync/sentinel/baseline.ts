/** A baseline: what is normal for one kind of server, what its last minutes were like, and what was made of them. */
import type { ProfileId } from '../../ids.ts';
import type { ProviderName } from '../../profile.ts';
import type { Breaker } from './breaker.ts';
import { addTally, noTally, shares, signals, type Signal, type Tally } from './tally.ts';

/** Profiles in which a signal was counted, each once and at most as many as decide. */
export type Affected = Readonly<Partial<Record<Signal, readonly ProfileId[]>>>;

/** What all nodes counted within one minute. */
export interface Minute {
  readonly atMs: number;
  readonly tally: Readonly<Tally>;
  readonly affected: Affected;
}

/** A share that is far from what is normal, in several profiles. */
export interface Alert {
  readonly signal: Signal;
  readonly sinceMs: number;
  /** When it was last seen. */
  readonly seenAtMs: number;
  /** `count` of `of` in the window when it was worst, in at least `profiles` profiles. */
  readonly count: number;
  readonly of: number;
  readonly profiles: number;
  /** The share that was normal when it began. */
  readonly normal: number;
  /** Null while it lasts. */
  readonly endedAtMs: number | null;
}

/** The collection `baselines`: one document for each provider and server software, which all nodes add to. */
export interface BaselineDoc {
  /** See `baselineKey`. */
  readonly _id: string;
  readonly rev: number;
  readonly provider: ProviderName;
  readonly software: string;
  /** The last minutes, oldest first: not learned yet. */
  readonly recent: readonly Minute[];
  /** Sums that fade with a half-life; what is normal is their shares. */
  readonly learned: Readonly<Tally>;
  readonly learnedAtMs: number;
  /** Those that last. */
  readonly alerts: readonly Alert[];
  /** Those that ended, newest last. */
  readonly past: readonly Alert[];
  readonly breaker: Breaker;
}

export interface SentinelNumbers {
  /** What is judged together. */
  readonly windowMs: number;
  readonly minuteMs: number;
  /** A share of fewer is chance. */
  readonly populationMin: number;
  readonly countMin: number;
  /** One person may do anything: only what several profiles show is the server's doing. */
  readonly profilesMin: number;
  /** How many times the normal share is still normal … */
  readonly factor: number;
  /** … with this many standard deviations on top. */
  readonly deviations: number;
  /** After this long without a deviation an alert ends. */
  readonly quietMs: number;
  readonly halfLifeMs: number;
  /** Share before anything was learned, and how many observations that opinion is worth. */
  readonly prior: Readonly<Record<Signal, number>>;
  readonly priorWeight: number;
  /** Signals whose deviation holds removals. */
  readonly holding: readonly Signal[];
  /** How long the sentinel does not hold again what an operator released. */
  readonly overrideMs: number;
  readonly pastMax: number;
}

export const baselineKey = (provider: ProviderName, software: string): string => `${provider}|${software}`;

export function newBaseline(provider: ProviderName, software: string, nowMs: number): BaselineDoc {
  return {
    _id: baselineKey(provider, software),
    rev: 0,
    provider,
    software,
    recent: [],
    learned: noTally(),
    learnedAtMs: nowMs,
    alerts: [],
    past: [],
    breaker: { name: 'clear' },
  };
}

/** What one node counted since it last said so. */
export interface Counted {
  readonly tally: Readonly<Tally>;
  readonly affected: Affected;
}

/** Adds what a node counted to the minute of `nowMs`. */
export function addCounted(doc: BaselineDoc, more: Counted, nowMs: number, numbers: SentinelNumbers): BaselineDoc {
  const atMs = nowMs - (nowMs % numbers.minuteMs);
  const before = doc.recent.find((one) => one.atMs === atMs);
  const tally = { ...(before?.tally ?? noTally()) };
  addTally(tally, more.tally);
  const affected = joined(before?.affected ?? {}, more.affected, numbers.profilesMin);
  const others = doc.recent.filter((one) => one !== before);
  const recent = [...others, { atMs, tally, affected }].sort((a, b) => a.atMs - b.atMs);
  return { ...doc, recent };
}

function joined(one: Affected, other: Affected, atMost: number): Affected {
  const both: Partial<Record<Signal, readonly ProfileId[]>> = { ...one };
  for (const signal of signals) {
    const more = other[signal];
    if (more !== undefined) both[signal] = [...new Set([...(both[signal] ?? []), ...more])].slice(0, atMost);
  }
  return both;
}

/** All of the window together. */
export function windowOf(doc: BaselineDoc, nowMs: number, numbers: SentinelNumbers): Counted {
  const tally = noTally();
  let affected: Affected = {};
  for (const minute of doc.recent) {
    if (nowMs - minute.atMs > numbers.windowMs) continue;
    addTally(tally, minute.tally);
    affected = joined(affected, minute.affected, numbers.profilesMin);
  }
  return { tally, affected };
}

/** The normal share of a signal: what was learned, or the prior while that is little. */
export function normalShare(doc: Pick<BaselineDoc, 'learned'>, signal: Signal, numbers: SentinelNumbers): number {
  const { count, of } = shares[signal];
  const { prior, priorWeight } = numbers;
  return (doc.learned[count] + prior[signal] * priorWeight) / (doc.learned[of] + priorWeight);
}

/**
 * Learns from the minutes that left the window, but for signals that an alert is about: what is wrong must not become
 * normal by lasting. After an operator's release it may.
 */
export function learn(doc: BaselineDoc, nowMs: number, numbers: SentinelNumbers): BaselineDoc {
  const old = doc.recent.filter((one) => nowMs - one.atMs > numbers.windowMs);
  if (old.length === 0) return doc;
  const fade = 0.5 ** (Math.max(0, nowMs - doc.learnedAtMs) / numbers.halfLifeMs);
  const excluded = doc.breaker.name === 'overridden' ? [] : doc.alerts.map((one) => one.signal);
  const learned = noTally();
  for (const signal of signals) {
    const { count, of } = shares[signal];
    const shut = excluded.includes(signal);
    const sum = (field: typeof count): number =>
      doc.learned[field] * fade + (shut ? 0 : old.reduce((total, one) => total + one.tally[field], 0));
    learned[count] = sum(count);
    // Two signals may share a population; one that is shut must not thin out the other's.
    learned[of] = Math.max(learned[of], sum(of));
  }
  return { ...doc, learned, learnedAtMs: nowMs, recent: doc.recent.filter((one) => !old.includes(one)) };
}
