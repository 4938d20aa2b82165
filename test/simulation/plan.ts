/** The plan of a seed: what happens to the world, and at which step; taking something out leaves everything else as it was. */
import { faultNames, type FaultName } from '../support/caldav-model/faults.ts';
import { statesToMeet, type RareState } from './meeting.ts';
import { below, pick, seeded, type Seeded } from '../support/seeded.ts';
import { deeds, type Deed } from './people.ts';

export type Action =
  | { readonly kind: 'person'; readonly deed: Deed }
  | { readonly kind: 'write' | 'remove' | 'catch_up'; readonly app: number; readonly node: number }
  /** The server is wrong about the next `times` requests that it could be wrong about. */
  | { readonly kind: 'fault'; readonly fault: FaultName; readonly times: number }
  /** The same, about requests of a profile that is in that state, into which it is brought again and again. */
  | { readonly kind: 'ambush'; readonly fault: FaultName; readonly state: RareState }
  | { readonly kind: 'store'; readonly trouble: 'refused' | 'answer_lost' }
  | { readonly kind: 'webhook'; readonly trouble: 'refused' | 'answer_lost' | 'hangs' }
  /** As soon as some node waits for the answer to this, or after a while. */
  | { readonly kind: 'crash'; readonly node: number; readonly at: string }
  /** Which nodes believe that they run the profiles: one, or both. */
  | { readonly kind: 'owners'; readonly owners: readonly number[] }
  | { readonly kind: 'nudges_lost'; readonly lost: boolean }
  /** An operator, or a person, asks for it. */
  | { readonly kind: 'pull' | 'resync'; readonly app: number }
  /** The person takes back what the application may write, or grants it again. */
  | { readonly kind: 'revoke' | 'grant'; readonly app: number };

export interface Planned {
  readonly id: number;
  readonly step: number;
  readonly action: Action;
}

export interface Plan {
  readonly seed: number;
  readonly steps: number;
  readonly nodes: number;
  /** Whether the calendar server has sync-collection; else Kalends goes by ctags and listings. */
  readonly sync: boolean;
  /** How far each node's clock is ahead, milliseconds; a restarted node gets the next one. */
  readonly skewsMs: readonly number[];
  readonly actions: readonly Planned[];
}

export const stepsOfSeed = 2_200;
const actionsOfSeed = 180;
const firstSyncSteps = 250;
const favouritesOfSeed = 6;
const ambushesOfSeed = 2;
const crashesLeast = 4;

/** What outlives a process: it may die before it is done, or after. */
export const lastingAwaits = [
  'http DELETE',
  'http GET',
  'http PROPFIND',
  'http PUT',
  'http REPORT',
  'insert checkpoints',
  'insert commits',
  'insert intents',
  'insert subscribers',
  'insertMany deliveries',
  'removeWhere oldDeliveries',
  'replace checkpoints',
  'replace intents',
  'replace profiles',
  'replace subscribers',
  'upsertMany calendars',
  'upsertMany events',
  'upsertMany managed_events',
  'upsertMany resources',
  'webhook',
] as const;

/** Every name comes up in turn: in as few seeds as possible each meets everything else. */
const inTurn = <T>(all: readonly T[], seed: number, each: number, k: number): T =>
  all[(seed * each + k) % all.length] ?? (all[0] as T);

export function planOf(seed: number): Plan {
  const die = seeded(seed * 7_919 + 1);
  const skewsMs = Array.from({ length: 12 }, () => (die() - 0.5) * 120_000);
  // Each seed has its favourites, so that faults meet each other, and themselves.
  const favourites = Array.from({ length: favouritesOfSeed }, (_, k) => inTurn(faultNames, seed, favouritesOfSeed, k));
  const crashes = crashesLeast + below(die, 3);
  const actions = Array.from({ length: actionsOfSeed }, (_, id) =>
    id < crashes ? crashOf(die, seed, id) : actionOf(die, favourites),
  );
  for (let k = 0; k < ambushesOfSeed; k += 1) actions.push(inTurn(ambushes, seed, ambushesOfSeed, k));
  // A first sync is over soon: it has its share of what goes wrong.
  const steps = actions.map(({ kind }) =>
    kind === 'crash'
      ? 30 + below(die, stepsOfSeed - 700)
      : 30 + below(die, die() < 0.15 ? firstSyncSteps : stepsOfSeed - 60),
  );
  const planned = actions.map((action, id) => ({ id, step: steps[id] ?? 0, action }));
  return {
    seed,
    steps: stepsOfSeed,
    nodes: 2,
    sync: die() < 0.85,
    skewsMs,
    actions: planned.toSorted((a, b) => a.step - b.step || a.id - b.id),
  };
}

/** Each fault in each of these states that it can meet. */
const ambushes: readonly Action[] = faultNames.flatMap((fault) =>
  statesToMeet(fault).map((state) => ({ kind: 'ambush', fault, state }) as const),
);

function crashOf(die: Seeded, seed: number, id: number): Action {
  return { kind: 'crash', node: below(die, 2), at: inTurn(lastingAwaits, seed, crashesLeast, id) };
}

function actionOf(die: Seeded, favourites: readonly FaultName[]): Action {
  const node = below(die, 2);
  const app = below(die, 2);
  const dice = die();
  if (dice < 0.26) return { kind: 'person', deed: pick(die, deeds) };
  if (dice < 0.4) return { kind: 'write', app, node };
  if (dice < 0.46) return { kind: 'remove', app, node };
  if (dice < 0.58) return { kind: 'catch_up', app, node };
  if (dice < 0.88) return faultOf(die, favourites);
  if (dice < 0.91) return { kind: 'store', trouble: pick(die, ['refused', 'answer_lost'] as const) };
  if (dice < 0.94) return { kind: 'webhook', trouble: pick(die, ['refused', 'answer_lost', 'hangs'] as const) };
  if (dice < 0.97) return { kind: 'owners', owners: pick(die, [[0], [1], [0, 1]] as const) };
  if (dice < 0.98) return { kind: 'nudges_lost', lost: die() < 0.5 };
  return { kind: pick(die, ['pull', 'resync', 'revoke', 'grant', 'grant'] as const), app };
}

function faultOf(die: Seeded, favourites: readonly FaultName[]): Action {
  const fault = die() < 0.7 ? pick(die, favourites) : pick(die, faultNames);
  // A partition moves for a while: questions of one turn are not answered by two servers in turns.
  return { kind: 'fault', fault, times: fault === 'moved_gone' ? 8 : pick(die, [1, 1, 2, 4]) };
}

/** One line for people. */
export function lineOf({ step, action }: Planned): string {
  const { kind, ...rest } = action;
  return `step ${String(step).padStart(4)}  ${kind} ${Object.values(rest).map(String).join(' ')}`;
}
