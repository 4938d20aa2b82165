/** The plan of a seed: what happens to the world, and at which step; taking something out leaves everything else as it was. */
import { faultNames, type FaultName } from '../support/caldav-model/faults.ts';
import { awaits } from './awaits.ts';
import { ambushesOf, askingStates, type AskingState, type SilentState } from './meeting.ts';
import { below, pick, seeded, type Seeded } from '../support/seeded.ts';
import { deeds, type Deed } from './people.ts';

export type Action =
  | { readonly kind: 'person'; readonly deed: Deed }
  | { readonly kind: 'write' | 'remove' | 'remove_all' | 'catch_up'; readonly app: number; readonly node: number }
  /** Several writes of the application with a calendar of its own, at once. */
  | { readonly kind: 'write_many'; readonly node: number }
  /** The server is wrong about the next `times` requests that it could be wrong about, or of those alone. */
  | { readonly kind: 'fault'; readonly fault: FaultName; readonly times: number; readonly of?: 'writes' | 'listings' }
  /** The server is wrong about every request that it could be wrong about, until this ends. */
  | { readonly kind: 'fault_lasts' | 'fault_ends'; readonly fault: FaultName }
  /** The same, about the next few requests of a profile that is in that state, into which it is brought again and again. */
  | { readonly kind: 'ambush'; readonly fault: FaultName; readonly state: AskingState }
  | { readonly kind: 'store'; readonly trouble: 'refused' | 'answer_lost' }
  | { readonly kind: 'webhook'; readonly trouble: 'refused' | 'answer_lost' | 'hangs' }
  /** As soon as some node waits for the answer to this, or after so many steps; Infinity: or never. */
  | { readonly kind: 'crash'; readonly node: number; readonly at: string; readonly patience: number }
  /** Which nodes believe that they run the profiles: one, or both. */
  | { readonly kind: 'owners'; readonly owners: readonly number[] }
  | { readonly kind: 'nudges_lost'; readonly lost: boolean }
  /** An operator, or a person, asks for it. */
  | { readonly kind: 'pull' | 'resync'; readonly app: number }
  /** The person takes back what the application may write, or grants it again. */
  | { readonly kind: 'revoke' | 'grant'; readonly app: number }
  /** The person changes the password at the server; an operator ends the connection; the person connects again. */
  | { readonly kind: 'change_password' | 'disconnect' | 'connect_again'; readonly app: number }
  /** The owner of the shared calendars takes one back, or shares what was taken back again. */
  | { readonly kind: 'withdraw_share'; readonly calendar: number }
  | { readonly kind: 'share_again' }
  /** An operator has all removals of the calendar server held, or lets them go again. */
  | { readonly kind: 'breaker'; readonly word: 'hold' | 'release' }
  /** What the next PUT makes is removed before anybody has seen it, its answer is lost, and its server keeps the UID. */
  | { readonly kind: 'remove_unseen'; readonly app: number }
  /** People add events as soon as the next listing was made, while its answer is on the way. */
  | { readonly kind: 'add_meanwhile' }
  /** Somebody sets a node's clock. */
  | { readonly kind: 'set_clock'; readonly node: number; readonly skewMs: number }
  /** The node that runs the profiles makes no heartbeats any more, and has its clock set back; soon something is to be written. */
  | { readonly kind: 'cut_off'; readonly app: number }
  /** Nothing is planned for so long, or until that state is reached. */
  | { readonly kind: 'hours_pass'; readonly hours: number; readonly until: Awaited | null }
  /** Both nodes die, and come back so much later. */
  | { readonly kind: 'days_pass'; readonly days: number };

export interface Awaited {
  readonly app: number;
  readonly state: SilentState;
}

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
const actionsOfSeed = 170;
const firstSyncSteps = 250;
const favouritesOfSeed = 6;
const ambushesOfSeed = 5;
const crashesLeast = 4;
/** Steps after which a node dies of whatever it does. */
const patience = 800;

/** Every name comes up in turn: in as few seeds as possible each meets everything else. */
const inTurn = <T>(all: readonly T[], seed: number, each: number, k: number): T =>
  all[(seed * each + k) % all.length] ?? (all[0] as T);

export function planOf(seed: number): Plan {
  const die = seeded(seed * 7_919 + 1);
  const skewsMs = Array.from({ length: 12 }, () => (die() - 0.5) * 120_000);
  const ambushed = ambushesIn(seed);
  // Each seed has its favourites, so that faults meet each other, and themselves. What lies in ambush is not spent before.
  const others = faultNames.filter((name) => ambushed.every(({ fault }) => fault !== name));
  const favourites = Array.from({ length: favouritesOfSeed }, (_, k) => inTurn(others, seed, favouritesOfSeed, k));
  const crashes = crashesLeast + below(die, 3);
  const actions = Array.from({ length: actionsOfSeed }, (_, id) =>
    id < crashes ? crashOf(die, seed, id) : actionOf(die, favourites, others),
  );
  // A first sync is over soon: it has its share of what goes wrong.
  const steps = actions.map(({ kind }) =>
    kind === 'crash'
      ? 30 + below(die, stepsOfSeed - 900)
      : 30 + below(die, die() < 0.15 ? firstSyncSteps : stepsOfSeed - 60),
  );
  const planned = [
    ...actions.map((action, id) => ({ step: steps[id] ?? 0, action })),
    ...ambushed.flatMap((action) => laid(action, die)),
    ...onPurpose(seed, die),
    ...inItsOwnCalendar(seeded(seed * 7_919 + 2)),
    ...whileHeld(seeded(seed * 7_919 + 3)),
  ].map((one, id) => ({ id, ...one }));
  return {
    seed,
    steps: stepsOfSeed,
    nodes: 2,
    sync: die() < 0.8,
    skewsMs,
    actions: planned.toSorted((a, b) => a.step - b.step || a.id - b.id),
  };
}

/** Each state with each fault that can meet it. */
const ambushes = askingStates.flatMap((state) =>
  faultNames
    .filter((fault) => ambushesOf(fault).includes(state))
    .map((fault) => ({ kind: 'ambush', fault, state }) as const),
);

/** Far from each other in the list, so that they get in each other's way as little as may be. */
const ambushesIn = (seed: number): readonly (typeof ambushes)[number][] =>
  Array.from({ length: ambushesOfSeed }, (_, k) =>
    inTurn(ambushes, seed, 1, k * Math.floor(ambushes.length / ambushesOfSeed)),
  );

/** They are over before long. */
const ofTheBeginning: ReadonlySet<AskingState> = new Set(['profile connecting', 'calendar initial']);

/** Only a probe shows that they are over, five minutes later at first. */
const byProbes: ReadonlySet<AskingState> = new Set(['profile quarantined', 'calendar quarantined', 'item quarantined']);

type Intended = Omit<Planned, 'id'>;

/** With time for polls and probes, which are minutes apart. */
function laid(ambush: (typeof ambushes)[number], die: Seeded): readonly Intended[] {
  if (ofTheBeginning.has(ambush.state)) return [{ step: 1, action: ambush }];
  const step = 30 + below(die, stepsOfSeed - 1_200);
  const hours = byProbes.has(ambush.state) ? 0.2 : 0.1;
  return [0, 300].flatMap((after) => [
    { step: step + after, action: ambush },
    { step: step + after + 60, action: { kind: 'hours_pass', hours, until: null } },
  ]);
}

/** What chance would bring to some seeds only: each seed has all of the first, and one of the spells in turn. */
function onPurpose(seed: number, die: Seeded): readonly Intended[] {
  const spell = inTurn(spells, seed, 1, 0);
  const begin = 500 + below(die, 1_000);
  const bulk = { kind: 'remove_all', app: below(die, 2), node: below(die, 2) } as const;
  const rare = { kind: 'crash', node: below(die, 2), at: inTurn(rareAwaits, seed, 1, 0), patience: Infinity } as const;
  return [
    { step: 1, action: rare },
    { step: 40 + below(die, 200), action: { kind: 'person', deed: 'add_duplicate_uid' } },
    { step: 300 + below(die, 1_600), action: { kind: 'cut_off', app: below(die, 2) } },
    { step: 400 + below(die, 1_600), action: bulk },
    ...spell(die).map(([after, action]) => ({ step: begin + after, action })),
  ];
}

/** Index of the application with a calendar of its own, behind those of the calendar server. */
export const hereApp = 2;

/** So little is waited for there that writes are seldom together but on purpose. */
function inItsOwnCalendar(die: Seeded): readonly Intended[] {
  const some = (times: number, act: () => Action): Intended[] =>
    Array.from({ length: times }, () => ({ step: 60 + below(die, stepsOfSeed - 100), action: act() }));
  const forbidden = 200 + below(die, 1_500);
  return [
    ...some(7, () => ({ kind: 'write_many', node: below(die, 2) })),
    ...some(1, () => ({ kind: 'remove_all', app: hereApp, node: below(die, 2) })),
    ...some(3, () => ({ kind: 'catch_up', app: hereApp, node: below(die, 2) })),
    { step: forbidden, action: { kind: 'revoke', app: hereApp } },
    { step: forbidden + 100 + below(die, 200), action: { kind: 'grant', app: hereApp } },
  ];
}

/** With time for polls, for every node to hear of it, and for whoever tries to be told so; at times it is left to the end. */
function whileHeld(die: Seeded): readonly Intended[] {
  const begin = 300 + below(die, 1_000);
  const end = begin + 300 + below(die, 400);
  const app = below(die, 2);
  const deed = (): Action => ({
    kind: 'person',
    deed: pick(die, ['remove', 'remove', 'remove_managed', 'remove_managed', 'move_managed', 'remove_half'] as const),
  });
  const hours: Action = { kind: 'hours_pass', hours: 0.3, until: null };
  const acts: readonly Action[] = [
    ...Array.from({ length: 3 }, deed),
    hours,
    ...Array.from({ length: 2 }, deed),
    ...(['write', 'remove', pick(die, ['write', 'remove', 'remove_all'] as const)] as const).map((kind): Action => ({
      kind,
      app,
      node: below(die, 2),
    })),
    { kind: 'crash', node: below(die, 2), at: 'replace checkpoints', patience: 100 },
    hours,
  ];
  return [
    { step: begin, action: { kind: 'breaker', word: 'hold' } },
    ...acts.map((action, k) => ({ step: begin + 20 + 20 * k + below(die, 15), action })),
    ...(die() < 0.8 ? [{ step: end, action: { kind: 'breaker', word: 'release' } as const }] : []),
  ];
}

/** Asked a few times in a seed, or in none. */
const rareAwaits = [
  'count resourcesOfCalendar',
  'find longEvents',
  'find managedOfProfile',
  'find profilesByLogin',
  'find resourcesOfProfile',
  'get commits',
  'get deliveries',
  'get baselines',
  'get hosts',
  'get intents',
  'http DELETE',
  'insert baselines',
  'insert hosts',
  'insert subscribers',
  'remove checkpoints',
  'upsertMany calendars',
] as const satisfies readonly (typeof awaits)[number][];

type Spell = (die: Seeded) => readonly (readonly [after: number, action: Action])[];

const spells: readonly Spell[] = [
  (die) => {
    const app = below(die, 2);
    return [
      [0, { kind: 'write', app, node: 0 }],
      [0, { kind: 'change_password', app }],
      [1, { kind: 'hours_pass', hours: 3, until: { app, state: 'profile relink_required' } }],
      [40 + below(die, 200), { kind: 'connect_again', app }],
    ];
  },
  (die) => {
    const app = below(die, 2);
    return [
      [0, { kind: 'write', app, node: 0 }],
      [2, { kind: 'disconnect', app }],
      [3, { kind: 'hours_pass', hours: 1, until: { app, state: 'profile disconnected' } }],
      [30 + below(die, 200), { kind: 'connect_again', app }],
    ];
  },
  (die) => [
    [0, { kind: 'write', app: sharing, node: 0 }],
    [0, { kind: 'crash', node: 0, at: 'remove checkpoints', patience: Infinity }],
    [0, { kind: 'withdraw_share', calendar: below(die, 2) }],
    [1, { kind: 'hours_pass', hours: 3, until: { app: sharing, state: 'calendar gone' } }],
    [30 + below(die, 200), { kind: 'share_again' }],
  ],
  (die) => [[0, { kind: 'remove_unseen', app: below(die, 2) }]],
  // What became of a write is not known, and nobody may write any more.
  (die) => {
    const app = below(die, 2);
    const fault = pick(die, ['dropped_after_effect', 'status_502_after_effect', 'html_200'] as const);
    const rounds = [0, 120, 240].flatMap((from): readonly (readonly [number, Action])[] => [
      [from, { kind: 'grant', app }],
      [from, { kind: 'fault', fault, times: 4, of: 'writes' }],
      [from + 1, { kind: 'write', app, node: 0 }],
      [from + 1, { kind: 'write', app, node: 0 }],
      [from + 15, { kind: 'write', app, node: 1 }],
      [from + 20 + below(die, 40), { kind: 'revoke', app }],
      [from + 80, { kind: 'hours_pass', hours: 0.2, until: null }],
    ]);
    return [...rounds, [360 + below(die, 100), { kind: 'grant', app }]];
  },
  // A server that fails for hours; at times for so long that writes expire.
  (die) => {
    const app = below(die, 2);
    const fault = pick(die, lasting);
    const days = die() < 0.4 ? 7 + below(die, 2) : 0;
    return [
      [0, { kind: 'write', app, node: 0 }],
      [0, { kind: 'crash', node: 0, at: 'find profilesWaitingForHost', patience: Infinity }],
      [10, { kind: 'fault_lasts', fault }],
      [10, { kind: 'write', app, node: 0 }],
      [10, { kind: 'remove', app, node: 0 }],
      [11, { kind: 'write', app: 1 - app, node: 1 }],
      [60, { kind: 'hours_pass', hours: 1 + below(die, 4), until: null }],
      ...(days === 0 ? [] : [[61, { kind: 'days_pass', days }] as const]),
      [100 + below(die, 200), { kind: 'fault_ends', fault }],
    ];
  },
  // What was just made is in the part that a listing lacks, or is made right after the listing.
  () =>
    [0, 120, 240, 360].flatMap((from, round): readonly (readonly [number, Action])[] => [
      [
        from,
        round % 2 === 0
          ? { kind: 'fault', fault: 'body_cut_clean', times: 1, of: 'listings' }
          : { kind: 'add_meanwhile' },
      ],
      [from, { kind: 'person', deed: 'add' }],
      [from, { kind: 'person', deed: 'add' }],
      [from + 60, { kind: 'hours_pass', hours: 0.1, until: null }],
    ]),
  // A few removals now, and a few more while the guard still counts the first.
  (die) => [...cleared(0), [100, { kind: 'hours_pass', hours: pick(die, [2, 2, 2, 7]), until: null }], ...cleared(101)],
];

/** What may be wrong with a server for hours. */
const lasting = ['host_down', 'status_500', 'status_503', 'forbidden_anyway', 'html_200', 'throttled_429'] as const;

/** The application whose person sees the calendars as shares. */
const sharing = 1;

const cleared = (from: number): readonly (readonly [number, Action])[] => {
  const deeds_ = ['add', 'add', 'add', 'add', 'add', 'remove_half', 'remove_half'] as const;
  return deeds_.map((deed, k) => [from + 10 * k, { kind: 'person', deed }]);
};

function crashOf(die: Seeded, seed: number, id: number): Action {
  return { kind: 'crash', node: below(die, 2), at: inTurn(awaits, seed, crashesLeast, id), patience };
}

function actionOf(die: Seeded, favourites: readonly FaultName[], others: readonly FaultName[]): Action {
  const node = below(die, 2);
  const app = below(die, 2);
  const dice = die();
  if (dice < 0.26) return { kind: 'person', deed: pick(die, deeds) };
  if (dice < 0.4) return { kind: 'write', app, node };
  if (dice < 0.45) return { kind: 'remove', app, node };
  if (dice < 0.46) return { kind: 'remove_all', app, node };
  if (dice < 0.58) return { kind: 'catch_up', app, node };
  if (dice < 0.88) return faultOf(die, favourites, others);
  if (dice < 0.91) return { kind: 'store', trouble: pick(die, ['refused', 'answer_lost'] as const) };
  if (dice < 0.94) return { kind: 'webhook', trouble: pick(die, ['refused', 'answer_lost', 'hangs'] as const) };
  if (dice < 0.97) return { kind: 'owners', owners: pick(die, [[0], [1], [0, 1]] as const) };
  if (dice < 0.98) return { kind: 'nudges_lost', lost: die() < 0.5 };
  if (dice < 0.985) return { kind: 'set_clock', node, skewMs: (die() - 0.5) * 120_000 };
  return { kind: pick(die, ['pull', 'resync', 'revoke', 'grant', 'grant'] as const), app };
}

function faultOf(die: Seeded, favourites: readonly FaultName[], others: readonly FaultName[]): Action {
  const fault = die() < 0.7 ? pick(die, favourites) : pick(die, others);
  // A partition moves for a while: questions of one turn are not answered by two servers in turns.
  return { kind: 'fault', fault, times: fault === 'moved_gone' ? 8 : pick(die, [1, 1, 2, 4]) };
}

/** One line for people. */
export function lineOf({ step, action }: Planned): string {
  const { kind, ...rest } = action;
  const words = Object.values(rest).map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one)));
  return `step ${String(step).padStart(4)}  ${kind} ${words.join(' ')}`;
}
