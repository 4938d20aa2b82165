/** One seed, from the first look at two profiles to the quiet after the last fault. */
import { allScopes } from '../../domain/account.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Http } from '../../providers/http.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import type { LogEntry, ModelRequest } from '../support/caldav-model/exchange.ts';
import { segmentsOf } from '../support/caldav-model/state.ts';
import { createModelServer, type ModelServer } from '../support/caldav-model/server.ts';
import { below, pick, seeded, type Seeded } from '../support/seeded.ts';
import { isPassing, type Application } from './application.ts';
import { castOf, insertCast, type Member } from './cast.ts';
import { createCoverage, type Coverage } from './coverage.ts';
import type { RareState } from './meeting.ts';
import { duringApi, startNode, type NodeWorld, type SimulatedNode } from './node.ts';
import { createPeople, ownRef, type People } from './people.ts';
import { lineOf, type Action, type Plan } from './plan.ts';
import { comeToRest } from './quiet.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createWatch, type Counts, type Violation, type Watch } from './watch.ts';

export interface Outcome {
  readonly seed: number;
  /** Null: every invariant held after every step, and at the end. */
  readonly violation: Violation | null;
  readonly step: number;
  readonly simulatedMs: number;
  readonly counts: Counts;
  readonly faults: ReadonlyMap<string, number>;
  readonly crashes: number;
  readonly notifications: number;
  readonly accepted: number;
  readonly effects: Watch['effects'];
  /** What happened, one line each, as far as it was asked for. */
  readonly trace: readonly string[];
}

export interface Simulation {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly server: ModelServer;
  readonly watch: Watch;
  readonly people: People;
  readonly cast: readonly Member[];
  readonly world: NodeWorld;
  /** Those that live now. */
  nodes(): readonly SimulatedNode[];
  /** From now on nothing goes wrong any more, and nobody is away. */
  mend(): Promise<void>;
  /** Does something as that application, on a node that lives; what fails in passing is asked again later. */
  as(app: Application, node: number, act: (node: SimulatedNode) => Promise<unknown>): void;
  /** Calls of applications that have not been answered yet. */
  underWay(): number;
  step(): Promise<void>;
  trace(line: string): void;
}

/** A Saturday in winter, so that no clock changes nearby. */
const startMs = Date.UTC(2026, 10, 21, 8);

export interface RunOptions {
  readonly coverage?: Coverage;
  /** The trace also tells what was asked of the server and what was recorded. */
  readonly verbose?: boolean;
}

export async function runSeed(plan: Plan, options: RunOptions = {}): Promise<Outcome> {
  const lines: string[] = [];
  const trace = (line: string): void => void lines.push(line);
  const { simulation, actAt, crashes, close } = await createSimulation(plan, options, trace);
  const { watch, scheduler, server, cast } = simulation;
  try {
    let next = 0;
    for (let step = 1; step <= plan.steps && watch.violations.length === 0; step += 1) {
      for (let one = plan.actions[next]; one !== undefined && one.step <= step; one = plan.actions[next]) {
        next += 1;
        simulation.trace(lineOf(one));
        await actAt(one.action, step, seeded(plan.seed * 31 + one.id));
      }
      await simulation.step();
    }
    if (watch.violations.length === 0) await comeToRest(simulation);
  } catch (error) {
    watch.violated('end', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const step = scheduler.steps;
  await close();
  return {
    seed: plan.seed,
    violation: watch.violations[0] ?? null,
    step,
    simulatedMs: scheduler.now() - startMs,
    counts: watch.counts,
    faults: server.faults.counts(),
    crashes: crashes(),
    notifications: cast.reduce((sum, one) => sum + one.app.notifications, 0),
    accepted: cast.reduce((sum, one) => sum + one.app.accepted.length, 0),
    effects: watch.effects,
    trace: lines,
  };
}

interface Running {
  readonly simulation: Simulation;
  actAt(action: Action, step: number, die: Seeded): Promise<void>;
  crashes(): number;
  close(): Promise<void>;
}

async function createSimulation(plan: Plan, options: RunOptions, trace: (line: string) => void): Promise<Running> {
  const { coverage = createCoverage(), verbose = false } = options;
  const scheduler = createScheduler(startMs, seeded(plan.seed * 3 + 1));
  const die = seeded(plan.seed * 3 + 2);
  const serverDie = seeded(plan.seed * 3 + 3);
  const serverClock = scheduler.clock(null, 0);
  const inner = openSqlite({ path: ':memory:', durable: false, schedule: queueMicrotask });
  await inner.open();
  const cast = castOf(startMs);
  const refs = new Map(cast.flatMap((one) => one.app.calendars.map((id, at) => [id as string, one.refs[at] ?? ''])));
  let people: People | null = null;
  const now = (): string => `           ${((scheduler.now() - startMs) / 1_000).toFixed(1)} s`;
  const watch = createWatch(
    inner,
    () => people ?? never(),
    (id) => ownRef(refs.get(id) ?? id),
    verbose ? (line) => trace(`${now()} ${line}`) : () => undefined,
    () => scheduler.now(),
  );
  const server = createModelServer({
    clock: serverClock,
    random: serverDie,
    abilities: { sync: plan.sync },
    latencyMs: () => (serverDie() < 0.5 ? 0 : Math.round(serverDie() * 300)),
    seen: (entry, request, answer) => {
      watch.seen(entry, request, answer);
      if (verbose) trace(`${now()} ${serverLine(entry)}`);
      const member = cast.find((one) => one.login === request.user);
      if (member !== undefined) coverage.faults(entry.faults, watch, member.profileId);
    },
  });
  people = createPeople(server, startMs, () => serverClock.now());
  await insertCast(watch.store, cast, startMs, server.origins[0]);

  const nodes = new Map<number, SimulatedNode>();
  const deaths = new Map<number, () => void>();
  const restarts = new Map<number, number>();
  const storeTrouble: ('refused' | 'answer_lost')[] = [];
  const webhookTrouble: ('refused' | 'answer_lost' | 'hangs')[] = [];
  let owners: readonly number[] = [0];
  let nudgesLost = false;
  let crashes = 0;
  let starts = 0;
  let mended = false;
  let calls = 0;
  const dying: Dying[] = [];
  const ambushed: Ambushed[] = [];
  const isIn = (user: string | null, state: RareState): boolean => {
    const member = cast.find((one) => one.login === user);
    if (member === undefined) return false;
    const [of, name = ''] = state.split(' ');
    return of === 'profile'
      ? watch.profileState(member.profileId) === name
      : watch.calendarStates(member.profileId).includes(name);
  };

  const endpoint: Http = async (request) => {
    const app = cast.find((one) => one.app.callbackUrl === request.url)?.app;
    const trouble = webhookTrouble.shift() ?? 'none';
    if (trouble !== 'none') {
      watch.disturbed();
      coverage.webhook(trouble);
    }
    if (trouble === 'refused') return { status: 500, headers: {}, text: '', tookMs: 1 };
    if (trouble !== 'hangs') app?.notified(request);
    if (trouble === 'none') return { status: 200, headers: {}, text: '', tookMs: 1 };
    await serverClock.sleep(request.timeoutMs);
    throw new KalendsError('timed_out', 'the application did not answer in time');
  };

  const world: NodeWorld = {
    scheduler,
    die,
    store: watch.store,
    server,
    endpoint,
    credentials: ({ _id }) => {
      const login = cast.find((one) => one.profileId === _id)?.login ?? '';
      return { kind: 'password', username: login, password: 'secret' };
    },
    pageKey: Buffer.alloc(32, 7),
    normalise: createNormalise(),
    storeTrouble: (name) => {
      const trouble = storeTrouble.shift() ?? 'none';
      if (trouble !== 'none') {
        watch.disturbed();
        coverage.store(name, trouble);
      }
      return trouble;
    },
    asked: (life, name) => coverage.asked(name, life),
    believes: (node) => owners.includes(node) || owners.every((one) => !nodes.has(one)),
    nodes: () => [...nodes.values()],
    nudgeIsLost: () => {
      if (nudgesLost) watch.disturbed();
      return nudgesLost;
    },
    askedByApi: (what) => watch.violated('I8', `the API asked a calendar server: ${what}`),
    ended: (error) => {
      const code = error instanceof KalendsError ? error.code : 'none';
      if (!expected.has(code)) watch.violated('end', `a turn or a look ended with ${String(error)}`);
    },
  };

  function start(number: number): void {
    restarts.delete(number);
    const skewMs = plan.skewsMs[starts % plan.skewsMs.length] ?? 0;
    starts += 1;
    nodes.set(number, startNode(world, number, skewMs));
  }

  async function crash(number: number, step: number): Promise<void> {
    const node = nodes.get(number);
    if (node === undefined) return;
    crashes += 1;
    watch.disturbed();
    nodes.delete(number);
    restarts.set(number, step + 20 + below(die, 150));
    await scheduler.kill(node.life, (name, done) => coverage.crash(name, done));
    deaths.get(number)?.();
    deaths.delete(number);
  }

  function died(number: number): Promise<never> {
    return new Promise((_, reject) => {
      const before = deaths.get(number);
      deaths.set(number, () => {
        before?.();
        reject(new Error('the connection was lost'));
      });
    });
  }

  for (let number = 0; number < plan.nodes; number += 1) start(number);

  const simulation: Simulation = {
    plan,
    scheduler,
    server,
    watch,
    people,
    cast,
    world,
    nodes: () => [...nodes.values()],
    trace,
    underWay: () => calls,
    mend: async () => {
      mended = true;
      for (const member of cast) await mayWrite(member, true);
      server.faults.clearAll();
      storeTrouble.length = 0;
      webhookTrouble.length = 0;
      nudgesLost = false;
      owners = [0];
      for (const number of restarts.keys()) start(number);
    },
    as: (app, number, act) => {
      const node = nodes.get(number) ?? nodes.get(1 - number);
      if (node === undefined) return;
      calls += 1;
      const call = duringApi(() => act(node));
      Promise.race([call, died(node.number)])
        .catch((error: unknown) => {
          if (!isPassing(error)) watch.violated('API', `${app.name} was answered with ${String(error)}`);
        })
        .finally(() => {
          calls -= 1;
        });
    },
    step: async () => {
      if (!mended) for (const [number, at] of restarts) if (at <= scheduler.steps) start(number);
      for (const one of mended ? [] : ambushed.filter(({ at }) => at <= scheduler.steps)) bringThere(one);
      for (const one of dying.filter((each) => !mended && isTime(each))) {
        dying.splice(dying.indexOf(one), 1);
        await crash(victimOf(one), scheduler.steps);
      }
      await scheduler.step();
    },
  };

  function bringThere(one: Ambushed): void {
    ambushed.splice(ambushed.indexOf(one), 1);
    const { state, write } = one;
    const only = { matches: (request: ModelRequest) => !isIn(request.user, state) && isAbout(one, request) };
    if (state === 'profile backing_off') server.faults.set('status_503', { nextN: 1, only });
    else server.faults.set('status_500', { nextN: 8, only });
    // There is something to be written, or to be read, when it is tried again.
    const { app } = pick(die, cast);
    if (write) simulation.as(app, 0, (node) => app.write(node, die));
    else trace(`           ${simulation.people.act(pick(die, readable), die)}`);
  }

  /** Who waits for what is to be cut off; else the one that was meant, or any that lives. */
  const victimOf = ({ node, at }: Dying): number =>
    ([...nodes.values()].find((one) => scheduler.waitsFor(one.life, at)) ?? nodes.get(node) ?? [...nodes.values()][0])
      ?.number ?? node;
  const isTime = ({ at, latest }: Dying): boolean =>
    nodes.size > 0 &&
    (latest <= scheduler.steps || [...nodes.values()].some((one) => scheduler.waitsFor(one.life, at)));

  const asMember = (index: number): Member => cast[index] ?? pick(die, cast);

  async function mayWrite({ app }: Member, granted: boolean): Promise<void> {
    const grant = await inner.get('grants', app.caller.grantId);
    if (grant === null) return;
    const scopes = granted ? allScopes : readingScopes;
    await watch.store.replace('grants', { ...grant, scopes, rev: grant.rev + 1 }, grant.rev);
  }

  async function actAt(action: Action, step: number, own: Seeded): Promise<void> {
    switch (action.kind) {
      case 'person':
        return trace(`           ${simulation.people.act(action.deed, own)}`);
      case 'write':
      case 'remove': {
        const { app } = asMember(action.app);
        return simulation.as(app, action.node, (node) =>
          action.kind === 'write' ? app.write(node, own) : app.remove(node, own),
        );
      }
      case 'catch_up': {
        const { app } = asMember(action.app);
        return simulation.as(app, action.node, async (node) => {
          await app.begin(node);
          await app.catchUp(node);
        });
      }
      case 'fault':
        return server.faults.set(action.fault, { nextN: action.times });
      case 'ambush': {
        const { fault, state } = action;
        server.faults.set(fault, { nextN: 3, only: { matches: ({ user }) => isIn(user, state) } });
        const write = ofWrites.test(fault);
        ambushed.push(...[0, 200, 400, 600, 800, 1_000].map((later) => ({ at: step + later, state, write })));
        return;
      }
      case 'store':
        return void storeTrouble.push(action.trouble);
      case 'webhook':
        return void webhookTrouble.push(action.trouble);
      case 'crash':
        dying.push({ ...action, latest: step + patience });
        return;
      case 'owners':
        owners = action.owners;
        return;
      case 'nudges_lost':
        nudgesLost = action.lost;
        return;
      case 'revoke':
      case 'grant':
        return mayWrite(asMember(action.app), action.kind === 'grant');
      default: {
        const { profileId } = asMember(action.app);
        const profile = await inner.get('profiles', profileId);
        if (profile === null) return;
        const next = { ...profile, requests: [...profile.requests, action.kind], rev: profile.rev + 1 };
        await watch.store.replace('profiles', next, profile.rev);
      }
    }
  }

  return { simulation, actAt, crashes: () => crashes, close: () => inner.close() };
}

const readable = ['add', 'rename', 'remove'] as const;
/** Faults that only a PUT or a DELETE can meet. */
const ofWrites = /^(?:put|delete|preconditions)_/;

/** Steps after which a node dies of whatever it does. */
const patience = 300;

interface Ambushed {
  readonly at: number;
  readonly state: RareState;
  readonly write: boolean;
}

/**
 * A calendar is quarantined for what its own requests suffer, a profile for what the others do. What a profile that backs
 * off tries again is what failed.
 */
function isAbout({ state, write }: Ambushed, { method, path }: ModelRequest): boolean {
  const parts = segmentsOf(path).length;
  if (state === 'profile backing_off') return write ? method === 'PUT' || method === 'DELETE' : parts === 3;
  return parts > 2 === (state === 'calendar quarantined');
}

interface Dying extends Extract<Action, { kind: 'crash' }> {
  readonly latest: number;
}

const serverLine = ({ user, method, report, path, status, effect, faults }: LogEntry): string =>
  [user, report ?? method, path, status, effect.kind, ...faults].join(' ');

const readingScopes = allScopes.filter((scope) => scope.startsWith('read') || scope.startsWith('list'));

/** Turns may end so: the store was away, or somebody else was faster. */
const expected: ReadonlySet<string> = new Set([
  'store_unavailable',
  'store_conflict',
  'second_owner',
  'not_owner',
  'duplicate_key',
  'shutting_down',
]);

function never(): never {
  throw new Error('the people are there before anything is asked');
}
