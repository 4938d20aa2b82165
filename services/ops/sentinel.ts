/** What the sentinel knows of each kind of server, and the operator's word about its removals. */
import { sentinel as numbers } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import { baselineKey, newBaseline, normalShare, windowOf, type Alert } from '../../domain/sync/sentinel/baseline.ts';
import type { BaselineDoc, SentinelNumbers } from '../../domain/sync/sentinel/baseline.ts';
import { nextBreaker, type BreakerInput } from '../../domain/sync/sentinel/breaker.ts';
import { noteOf, shareOf } from '../../domain/sync/sentinel/judge.ts';
import { signals } from '../../domain/sync/sentinel/tally.ts';
import type { OpsContext } from './context.ts';
import { iso } from './iso.ts';
import { everyProfile } from './profiles.ts';

type SentinelContext = Pick<OpsContext, 'documents' | 'clock'>;
type BreakerContext = Pick<OpsContext, 'documents' | 'clock' | 'provider' | 'breakerMoved'>;

export interface SentinelRow {
  readonly provider: string;
  readonly software: string;
  readonly removals: 'usual' | 'held' | 'released';
  /** Why, and by whom. */
  readonly why: string | null;
  readonly since: string | null;
  readonly alerts: readonly string[];
  /** By signal, in per cent: the share in the last minutes, null where too little was counted to tell, and the normal one. */
  readonly shares: Readonly<Record<string, { readonly now: number | null; readonly normal: number }>>;
  /** Alerts that ended, newest first. */
  readonly past: readonly string[];
}

export async function listSentinel({ documents, clock }: SentinelContext): Promise<readonly SentinelRow[]> {
  const docs = await documents.find('allBaselines', {});
  return docs.map((doc) => rowOf(doc, clock.now()));
}

function rowOf(doc: BaselineDoc, nowMs: number): SentinelRow {
  const { breaker, alerts, past, provider, software } = doc;
  const overridden = breaker.name === 'overridden' && breaker.untilMs > nowMs;
  const clear = breaker.name === 'clear' || (breaker.name === 'overridden' && !overridden);
  return {
    provider,
    software,
    removals: breaker.name === 'holding' ? 'held' : overridden ? 'released' : 'usual',
    why: clear ? null : whyOf(breaker),
    since: clear ? null : iso(breaker.sinceMs),
    alerts: alerts.map(tellingOf),
    shares: sharesOf(doc, nowMs, numbers),
    past: past.toReversed().map(tellingOf),
  };
}

function whyOf(breaker: Exclude<BaselineDoc['breaker'], { name: 'clear' }>): string {
  if (breaker.name === 'overridden') return `an operator, until ${iso(breaker.untilMs) ?? 'ever'}: ${breaker.note}`;
  return `${breaker.by === 'operator' ? 'an operator' : 'the sentinel'}: ${breaker.note}`;
}

const tellingOf = (alert: Alert): string =>
  `${noteOf(alert)}; since ${iso(alert.sinceMs) ?? '?'}${alert.endedAtMs === null ? '' : ` until ${iso(alert.endedAtMs) ?? '?'}`}`;

function sharesOf(doc: BaselineDoc, nowMs: number, limits: SentinelNumbers): SentinelRow['shares'] {
  const { tally } = windowOf(doc, nowMs, limits);
  const percent = (share: number): number => Number((100 * share).toPrecision(3));
  return Object.fromEntries(
    signals.map((signal) => {
      const [count, of] = shareOf(tally, signal);
      const now = of < limits.populationMin ? null : percent(count / of);
      return [signal, { now, normal: percent(normalShare(doc, signal, limits)) }];
    }),
  );
}

export interface BreakerWord {
  readonly word: 'hold' | 'release';
  readonly provider: string;
  /** Every software of the provider that is connected, where it is left out. */
  readonly software?: string;
  readonly note?: string;
}

/** Takes effect on every node at once, or at its next flush where the message is lost. Rejects where no such kind of server is connected. */
export async function sayOfBreaker(context: BreakerContext, word: BreakerWord): Promise<readonly SentinelRow[]> {
  const kinds = await kindsOf(context, word);
  if (kinds.size === 0) throw noSuchKind(word);
  const rows: SentinelRow[] = [];
  for (const base of kinds.values()) rows.push(rowOf(await say(context, base, word), context.clock.now()));
  context.breakerMoved();
  return rows;
}

export const noSuchKind = ({ provider, software }: Pick<BreakerWord, 'provider' | 'software'>): KalendsError =>
  new KalendsError(
    'not_known',
    `no profile of provider ${provider}${software === undefined ? '' : ` and software ${software}`} is connected`,
    { ids: { provider }, next: '`kalends ops profiles` lists providers, `kalends ops sentinel` their software' },
  );

async function kindsOf(context: BreakerContext, word: BreakerWord): Promise<ReadonlyMap<string, BaselineDoc>> {
  const wanted = (provider: string, software: string): boolean =>
    provider === word.provider && (word.software === undefined || software === word.software);
  const kinds = new Map<string, BaselineDoc>();
  for (const doc of await context.documents.find('allBaselines', {}))
    if (wanted(doc.provider, doc.software)) kinds.set(doc._id, doc);
  for await (const { provider, root } of everyProfile(context)) {
    if (provider !== word.provider) continue;
    const software = context.provider(provider).software(root);
    const key = baselineKey(provider, software);
    if (wanted(provider, software) && !kinds.has(key))
      kinds.set(key, newBaseline(provider, software, context.clock.now()));
  }
  return kinds;
}

async function say({ documents, clock }: SentinelContext, base: BaselineDoc, word: BreakerWord): Promise<BaselineDoc> {
  for (;;) {
    const known = await documents.get('baselines', base._id);
    const doc = known ?? base;
    const breaker = nextBreaker(doc.breaker, inputOf(doc, word), clock.now());
    const next = { ...doc, breaker, rev: doc.rev + 1 };
    if (known === null) {
      if ((await documents.insertMany('baselines', [next])).taken.length === 0) return next;
    } else if (await documents.replace('baselines', next, known.rev)) return next;
  }
}

/** Where nothing is wrong a release needs no day of grace: the sentinel goes on watching at once. */
function inputOf(doc: BaselineDoc, { word, note }: BreakerWord): BreakerInput {
  if (word === 'hold') return { kind: 'hold', note: note ?? 'no reason given' };
  const lasts = doc.alerts.some((one) => numbers.holding.some((signal) => signal === one.signal));
  return { kind: 'release', note: note ?? 'no reason given', forMs: lasts ? numbers.overrideMs : 0 };
}
