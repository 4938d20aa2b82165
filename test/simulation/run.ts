/** One seed, from the first look at two profiles to the quiet after the last fault. */
import { createActs, type Occasion, type Troubles } from './acts.ts';
import { Forgotten, NotAccepted } from './application.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { KalendsError } from '../../domain/errors.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import type { LogEntry, ModelRequest } from '../support/caldav-model/exchange.ts';
import { uidOf } from '../support/caldav-model/state.ts';
import { createModelServer, type ModelServer } from '../support/caldav-model/server.ts';
import { pick, seeded, type Seeded } from '../support/seeded.ts';
import { castOf, hereOf, hereRef, insertCast, insertHere } from './cast.ts';
import { tellBreaker } from './breaker.ts';
import { createCoverage, type Coverage } from './coverage.ts';
import { bringThere, isListing, needsListing, needsWrite, statesMet } from './ambush.ts';
import { createEndpoint } from './endpoint.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { duringApi, startNode, type NodeWorld, type SimulatedNode } from './node.ts';
import { createOwnership } from './ownership.ts';
import { createPeople, calendarRefs, home, ownRef, user, type People } from './people.ts';
import type { Least, Outcome } from './outcome.ts';
import { lineOf, type Action, type Plan } from './plan.ts';
import { comeToRest } from './quiet.ts';
import { createTies, type Ties } from './ties.ts';
import { placeOf } from './requests.ts';
import type { Simulation } from './simulation.ts';
import { createScheduler } from './scheduler.ts';
import { createWatch, type Watch } from './watch.ts';

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
  const { simulation, actAt, least, close } = await createSimulation(plan, options, trace);
  const { watch, scheduler, server } = simulation;
  const apps = [...simulation.cast, simulation.here].map((one) => one.app);
  let stepsUnderFaults = 0;
  try {
    let next = 0;
    for (let step = 1; step <= plan.steps && watch.violations.length === 0; step += 1) {
      for (let one = plan.actions[next]; one !== undefined && one.step <= step; one = plan.actions[next]) {
        next += 1;
        simulation.trace(lineOf(one));
        await actAt(one.action, seeded(plan.seed * 31 + one.id));
      }
      await simulation.step();
    }
    stepsUnderFaults = scheduler.steps;
    if (watch.violations.length === 0) await comeToRest(simulation);
  } catch (error) {
    watch.violated('end', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const step = scheduler.steps;
  for (const state of watch.states) options.coverage?.state(state);
  for (const what of watch.breaker.met) options.coverage?.underBreaker(what);
  await close();
  return {
    seed: plan.seed,
    violation: watch.violations[0] ?? null,
    step,
    simulatedMs: scheduler.now() - startMs,
    counts: watch.counts,
    faults: server.faults.counts(),
    crashes: least().crashes,
    least: { ...least(), steps: stepsUnderFaults },
    notifications: apps.reduce((sum, one) => sum + one.notifications, 0),
    accepted: apps.reduce((sum, one) => sum + one.accepted.length, 0),
    effects: watch.effects,
    trace: lines,
  };
}

interface Running {
  readonly simulation: Simulation;
  actAt(action: Action, die: Seeded): Promise<void>;
  least(): Omit<Least, 'steps'>;
  close(): Promise<void>;
}

async function createSimulation(plan: Plan, options: RunOptions, trace: (line: string) => void): Promise<Running> {
  const { coverage = createCoverage(), verbose = false } = options;
  const scheduler = createScheduler(startMs, seeded(plan.seed * 3 + 1), () => fleet.beat());
  const die = seeded(plan.seed * 3 + 2);
  const serverDie = seeded(plan.seed * 3 + 3);
  const serverClock = scheduler.clock(null, () => 0);
  const inner = openSqlite({ path: ':memory:', durable: false, schedule: queueMicrotask });
  await inner.open();
  const cast = castOf(startMs);
  const here = hereOf(startMs);
  const refs = new Map(cast.flatMap((one) => one.app.calendars.map((id, at) => [id as string, one.refs[at] ?? ''])));
  for (const id of here.app.calendars) refs.set(id, hereRef);
  let people: People | null = null;
  const now = (): string => `           ${((scheduler.now() - startMs) / 1_000).toFixed(1)} s`;
  const hearing = (): readonly SimulatedNode[] => (troubles.nudgesLost ? [] : fleet.nodes());
  const ties: Ties = createTies({
    cast,
    store: () => watch.store,
    server: () => server,
    scheduler,
    nodes: () => hearing(),
  });
  const watch: Watch = createWatch(
    inner,
    () => people ?? never(),
    (id) => ownRef(refs.get(id) ?? id),
    verbose ? (line) => trace(`${now()} ${line}`) : null,
    () => scheduler.now(),
    ties,
    (login, id) => server.world.latest(`/calendars/${login}/${refs.get(id) ?? id}`),
  );
  const server: ModelServer = createModelServer({
    clock: serverClock,
    random: serverDie,
    abilities: { sync: plan.sync },
    latencyMs: () => (serverDie() < 0.5 ? 0 : Math.round(serverDie() * 300)),
    seen: (entry, request, answer) => {
      watch.seen(entry, request, answer);
      if (verbose) trace(`${now()} ${serverLine(entry)}`);
      coverage.faults(entry.faults, statesMet(watch, cast, request));
      removeUnseen(entry);
      addMeanwhile(request);
    },
  });
  people = createPeople(server, startMs, () => serverClock.now());
  await insertCast(watch.store, cast, startMs, server.origins[0]);
  await insertHere(watch.store, here, startMs);

  const switches = { nudgesLost: false, removesUnseen: false, addsMeanwhile: false };
  const troubles: Troubles = { store: [], webhook: [], occasions: [], ...switches };
  const ownership = createOwnership(() => scheduler.now());
  const workers = new Set<number>();
  let mended = false;
  let sameUid = 0;
  let calls = 0;

  const world: NodeWorld = {
    scheduler,
    die,
    store: watch.store,
    server,
    endpoint: createEndpoint({
      parties: [...cast, here],
      clock: serverClock,
      troubles: troubles.webhook,
      troubled: (trouble) => {
        watch.disturbed();
        coverage.webhook(trouble);
      },
      heard: (deliveryId) => watch.heard(deliveryId),
    }),
    credentials: ({ name, credentials }) => ({
      kind: 'password',
      username: name,
      password: credentials?.box ?? '',
    }),
    pageKey: Buffer.alloc(32, 7),
    normalise: createNormalise(),
    storeTrouble: (name) => {
      const trouble = troubles.store.shift() ?? 'none';
      if (trouble !== 'none') {
        watch.disturbed();
        watch.access.storeFailed();
        coverage.store(name, trouble);
      }
      return trouble;
    },
    asked: (name) => coverage.asked(name),
    worked: (number) => void workers.add(number),
    ownership,
    nodes: () => fleet.nodes(),
    nudgeIsLost: () => {
      if (troubles.nudgesLost) watch.disturbed();
      return troubles.nudgesLost;
    },
    askedByApi: (what) => watch.violated('I8', `the API asked a calendar server: ${what}`),
    violated: (invariant, what) => watch.violated(invariant, what),
    reported: (_what, { code }) => {
      if (code === 'removals_held') watch.breaker.came('a write waits');
    },
    ended: (error) => {
      const code = error instanceof KalendsError ? error.code : 'none';
      const storeMs = watch.access.storeFailedAtMs();
      const contestMs = Math.max(storeMs, ownership.contestedAtMs(), fleet.diedAtMs());
      const reasonMs: Readonly<Record<string, number>> = {
        store_unavailable: storeMs,
        store_conflict: contestMs,
        second_owner: Math.max(contestMs, ties.askedAtMs()),
        not_owner: contestMs,
        duplicate_key: contestMs,
      };
      const reason = reasonMs[code];
      if (reason !== undefined && reason >= scheduler.now() - contestedForMs) return;
      // Nobody else was there, or may have been: the log is forked, or is taken for it.
      watch.violated(reason === undefined ? 'end' : 'I3', `a turn or a look ended with ${String(error)}`);
    },
  };

  const start = (number: number, skewMs: () => number): SimulatedNode => startNode(world, number, skewMs);
  const fleet: Fleet = createFleet({
    plan,
    scheduler,
    coverage,
    die,
    ownership,
    start,
    disturbed: () => {
      watch.disturbed();
      watch.breaker.came('a process dies or is cut off');
    },
  });

  for (const deed of beginnings) {
    people.act(deed, die);
    countUids();
  }

  const simulation: Simulation = {
    plan,
    scheduler,
    server,
    watch,
    people,
    cast,
    here,
    world,
    nodes: () => fleet.nodes(),
    trace,
    underWay: () => calls,
    mend: async () => {
      mended = true;
      for (const one of [...cast, here]) await acts.mayWrite(one, true);
      server.faults.clearAll();
      troubles.store.length = 0;
      troubles.webhook.length = 0;
      troubles.nudgesLost = false;
      troubles.addsMeanwhile = false;
      fleet.mend();
      ownership.move([0]);
      await operate('release');
      await ties.mend();
      // Where nobody was answered until now, and a calendar was emptied meanwhile, nothing of it would ever be read.
      people.addToEach(die);
    },
    as: (app, number, act) => {
      const node = fleet.node(number);
      if (node === undefined) return;
      calls += 1;
      const calledAtMs = scheduler.now();
      const { profileId } = [...cast, here].find((one) => one.app === app) ?? here;
      const call = duringApi(() => act(node));
      Promise.race([call, fleet.died(node.number)])
        .catch((error: unknown) => {
          const problem = watch.access.unfounded(error, profileId, calledAtMs);
          // A write that is refused for a reason that there is not is not accepted as it must be; nor is one that is forgotten.
          const lost =
            error instanceof Forgotten || (error instanceof NotAccepted && error.cause instanceof KalendsError);
          if (problem !== null) watch.violated(lost ? 'I4' : 'API', `${app.name} ${problem}`);
        })
        .finally(() => {
          calls -= 1;
        });
    },
    step: async () => {
      for (const one of mended ? [] : troubles.occasions.filter(({ at }) => at <= scheduler.steps)) await take(one);
      await fleet.step();
      await scheduler.step();
    },
  };

  async function take(one: Occasion): Promise<void> {
    troubles.occasions.splice(troubles.occasions.indexOf(one), 1);
    bringThere(server.faults, one, (request) => statesMet(watch, cast, request).includes(one.state));
    // There is something to be written, or to be read, when it is tried again.
    const member = pick(die, cast);
    if (needsListing(one)) await ties.ask(member, 'resync');
    if (one.fault === 'delete_404') simulation.as(member.app, 0, (node) => member.app.remove(node, die));
    else if (needsWrite(one)) simulation.as(member.app, 0, (node) => member.app.write(node, die));
    else trace(`           ${simulation.people.act(pick(die, readable), die)}`);
    if (one.state === 'profile connecting') await ties.connectAgain(member);
  }

  /** The answer is lost to whoever made it, so that a person is the first to see it. */
  function removeUnseen({ effect, faults }: LogEntry): void {
    if (!troubles.removesUnseen || effect.kind !== 'created' || !faults.includes('dropped_after_effect')) return;
    troubles.removesUnseen = false;
    const { calendar, name } = placeOf(effect.path);
    people?.remove(calendar, name);
    trace(`           a person removes ${calendar}${name}, unseen by others`);
  }

  function addMeanwhile(request: ModelRequest): void {
    if (!troubles.addsMeanwhile || !isListing(request)) return;
    troubles.addsMeanwhile = false;
    people?.addToEach(die);
    trace('           people add to each calendar while a listing is on its way');
  }

  const operate = (word: 'hold' | 'release'): Promise<void> =>
    tellBreaker({ documents: watch.store, server, scheduler, die, nodes: hearing }, word);
  const acts = createActs({
    simulation,
    tellBreaker: operate,
    documents: watch.store,
    fleet,
    ownership,
    ties,
    troubles,
    die,
    later: (ms) => serverClock.sleep(ms),
    edited: countUids,
  });

  function countUids(): void {
    for (const ref of calendarRefs) {
      const bodies =
        server.world
          .contents(user)
          .get(home + ref)
          ?.values() ?? [];
      const uids = [...bodies].map(uidOf);
      for (const uid of uids) sameUid = Math.max(sameUid, uids.filter((one) => one === uid).length);
    }
  }

  return {
    simulation,
    actAt: acts.actAt,
    least: () => {
      const { crashes, clocksApartMs } = fleet;
      return { crashes, nodes: workers.size, clocksApartMs, calendars: watch.calendars(), sameUid };
    },
    close: () => inner.close(),
  };
}

/** What the two calendars hold when they are first read; of three resources with one UID two are in one of them. */
const beginnings = [
  'add_duplicate_uid',
  'add_duplicate_uid',
  'add_duplicate_uid',
  'add',
  'add',
  'add',
  'add',
  'add_series',
  'add',
  'add',
  'remove',
  'remove',
] as const;
const readable = ['add', 'rename', 'remove'] as const;
const serverLine = ({ user: login, method, report, path, status, effect, faults }: LogEntry): string =>
  [login, report ?? method, path, status, effect.kind, ...faults].join(' ');

/** A turn may end because somebody else was faster: after a death, a change of owners or trouble of the store, what was begun before is over by then. */
const contestedForMs = 10 * 60_000;
function never(): never {
  throw new Error('the people are there before anything is asked');
}
