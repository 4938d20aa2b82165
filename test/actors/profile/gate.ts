/** The gate between an actor and all that lasts: every store write and every provider call passes it, and may be the last one. */
import { KalendsError, type ErrorCode } from '../../../domain/errors.ts';
import type { Provider } from '../../../providers/provider.ts';
import type { Documents } from '../../../store/documents.ts';

/**
 * What happens at one passage. `crash`: it has its effect, and the process dies before it hears of it. `answer_lost`: it
 * has its effect, and fails for the caller. `refused`: it fails without an effect.
 */
export interface Cut {
  readonly at: number;
  readonly how: 'crash' | 'answer_lost' | 'refused';
  /** What a provider's failure is; default `timed_out`. The store has its own. */
  readonly code?: ErrorCode;
}

/** What lasts from one life of the process to the next. */
export interface Plan {
  cuts: readonly Cut[];
  /** Names of the passages so far, e.g. `insert commits`, `provider put`. */
  readonly passages: string[];
  /** Everything that was asked, reads included: stands still when everybody waits for the clock. */
  asked: number;
}

export const createPlan = (cuts: readonly Cut[] = []): Plan => ({ cuts, passages: [], asked: 0 });

/** One life of the process. */
export interface Life {
  dead: boolean;
}

const writes: ReadonlySet<string> = new Set(['insert', 'insertMany', 'replace', 'upsertMany', 'remove', 'removeWhere']);
/** They ask nobody. */
const local: ReadonlySet<string> = new Set(['newCalendarRef', 'newResourceRef', 'software', 'hostOf']);

const never = (): Promise<never> => new Promise(() => undefined);

type Failing = (code: ErrorCode | undefined) => KalendsError;

async function pass<T>(plan: Plan, life: Life, name: string, failure: Failing, run: () => Promise<T>) {
  if (life.dead) return never();
  plan.passages.push(name);
  const cut = plan.cuts.find((one) => one.at === plan.passages.length);
  if (cut?.how === 'refused') throw failure(cut.code);
  const outcome = await run().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  if (cut?.how === 'crash') life.dead = true;
  if (life.dead) return never();
  if (cut?.how === 'answer_lost') throw failure(cut.code);
  return outcome();
}

type Method = (...args: unknown[]) => Promise<unknown>;

/** `watch` runs around each call that passes. */
function gated<T extends object>(
  inner: T,
  guard: (name: string, run: () => Promise<unknown>) => Promise<unknown>,
  skip: (name: string) => boolean,
): T {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      const method = (value as Method).bind(target);
      return skip(name) ? method : (...args: unknown[]) => guard(nameOf(name, args), () => method(...args));
    },
  });
}

/** Collections are told apart, arguments of providers are not. */
const nameOf = (method: string, args: readonly unknown[]): string =>
  writes.has(method) && typeof args[0] === 'string' ? `${method} ${args[0]}` : method;

export function gatedDocuments(inner: Documents, plan: Plan, life: Life): Documents {
  const failure = () => new KalendsError('store_unavailable', 'the gate let nothing through');
  return gated(
    inner,
    (name, run) => {
      plan.asked += 1;
      if (writes.has(name.split(' ')[0] ?? '')) return pass(plan, life, name, failure, run);
      return life.dead ? never() : run();
    },
    () => false,
  );
}

export function gatedProvider(
  inner: Provider,
  plan: Plan,
  life: Life,
  around: <T>(run: () => Promise<T>) => Promise<T>,
): Provider {
  const failure: Failing = (code = 'timed_out') =>
    new KalendsError(code, 'the gate let nothing through', { evidence: { request: 'gate' } });
  return gated(
    inner,
    (name, run) => {
      plan.asked += 1;
      return pass(plan, life, `provider ${name}`, failure, () => around(run));
    },
    (name) => local.has(name),
  );
}
