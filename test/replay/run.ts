/** One run of the replay: the same people, one client, an honest server or one that breaks; what came of it in figures. */
import type { CommitDoc } from '../../domain/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { createModelServer } from '../support/caldav-model/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { bodyOf, createFleet, diceOf, minute, password, personOf, startMs, stepMs, type Fleet } from './fleet.ts';
import { createNaiveClient, type NaiveHabit } from './naive-client.ts';
import { createPeople, keyOf, type People } from './people.ts';

export interface RunOptions {
  readonly people: number;
  readonly eventsEach: number;
  readonly breaks: boolean;
}

/** The server breaks at `onsetMs`; all times from the start. */
export const onsetMs = 15 * minute;
export const endMs = 40 * minute;

export interface Outcome {
  /** Deletions of events that stood in their calendars at that moment: reported by a client, recorded in the log of Kalends. */
  readonly falseDeletions: number;
  readonly trueDeletions: number;
  /** Calendars that lost an event. */
  readonly damaged: number;
  /** Sent after the onset. */
  readonly requests: number;
  /** How long what people did after the onset waited, in seconds: median and 99th percentile. */
  readonly putDelays: readonly [number, number];
  readonly removalDelays: readonly [number, number];
  /** Cancelled and not told of at the end. */
  readonly waiting: number;
}

/** Compares what a client says with what people did. */
export function createJury(people: People, now: () => number) {
  const waiting = people.reader();
  const delays = { put: [] as number[], removed: [] as number[] };
  const damaged = new Set<string>();
  let [falseDeletions, trueDeletions] = [0, 0];
  return {
    hear(person: string, ref: string, kind: 'put' | 'removed'): void {
      const key = keyOf(person, ref);
      const wrong = kind === 'removed' && !people.cancelled.has(key);
      if (wrong) damaged.add(person);
      if (wrong) falseDeletions += 1;
      else if (kind === 'removed') trueDeletions += 1;
      const sinceMs = waiting.get(key)?.sinceMs ?? 0;
      const delayMs = people.seen(key, now(), kind, waiting);
      if (delayMs !== null && sinceMs >= startMs + onsetMs) delays[kind].push(delayMs);
    },
    outcome: (requests: number): Outcome => ({
      falseDeletions,
      trueDeletions,
      damaged: damaged.size,
      requests,
      putDelays: spreadOf(delays.put),
      removalDelays: spreadOf(delays.removed),
      waiting: [...waiting.values()].filter((one) => one.kind === 'removed').length,
    }),
  };
}

function spreadOf(delays: readonly number[]): [number, number] {
  const sorted = delays.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000);
  return [at(0.5), at(0.99)];
}

export const breakServer = (faults: Fleet['server']['faults']): void =>
  faults.set('multiget_stops_at_missing', { always: true });

export async function runNaive(habit: NaiveHabit, options: RunOptions): Promise<Outcome> {
  const clock = createFakeClock(startMs);
  const server = createModelServer({ clock, random: diceOf(4) });
  for (let k = 0; k < options.people; k += 1) {
    server.world.addUser(personOf(k), password);
    const path = server.world.addCalendar(personOf(k), 'work', { segment: 'work' });
    for (let e = 0; e < options.eventsEach; e += 1)
      server.world.put(path, `e${e}.ics`, bodyOf(`p${k}-${e}`, `Event ${e}`));
  }
  const people = createPeople(server, options.people, () => clock.now());
  const jury = createJury(people, () => clock.now());
  const client = createNaiveClient(server, clock, options.people, habit, (...told) => jury.hear(...told));
  let before = 0;
  for (let atMs = 0; atMs < endMs; atMs += stepMs) {
    if (atMs === onsetMs) {
      before = client.asked();
      if (options.breaks) breakServer(server.faults);
    }
    people.edit(clock.now());
    await client.step();
    await clock.advance(stepMs);
  }
  return jury.outcome(client.asked() - before);
}

export interface KalendsOutcome extends Outcome {
  /** From the onset, in simulated minutes; null: never. */
  readonly alertMinutes: number | null;
  /** Before the onset, or in an honest run: there must be none. */
  readonly falseAlerts: number;
  readonly held: number;
  /** The first words of the sentinel after the onset, as they are logged. */
  readonly said: readonly string[];
}

/** `meanwhile` is called at each step, e.g. for what an operator does. */
export async function runKalends(
  options: RunOptions,
  meanwhile: (fleet: Fleet, nowMs: number, alertedAtMs: number | null) => Promise<void> = async () => undefined,
): Promise<KalendsOutcome> {
  let hear: (commit: CommitDoc) => void = () => undefined;
  const fleet = await createFleet({ ...options, appended: (commit) => hear(commit) });
  const people = createPeople(fleet.server, options.people, () => fleet.clock.now());
  const jury = createJury(people, () => fleet.clock.now());
  hear = ({ profileId, changes }) => {
    const person = profileId.slice('pro_'.length);
    for (const one of changes) {
      if (one.kind === 'resource_removed') jury.hear(person, one.ref, 'removed');
      if (one.kind === 'resource_put' && one.differs) jury.hear(person, one.ref, 'put');
    }
  };
  const alerts = (): number[] =>
    fleet.reports.filter((one) => one.what === 'sentinel: a kind of server is unlike itself').map((one) => one.atMs);
  let before = 0;
  for (let atMs = 0; atMs < endMs; atMs += stepMs) {
    if (atMs === onsetMs) {
      before = fleet.server.log.length;
      if (options.breaks) breakServer(fleet.server.faults);
    }
    people.edit(fleet.clock.now());
    await fleet.step();
    await meanwhile(fleet, fleet.clock.now(), alerts()[0] ?? null);
  }
  const first = alerts().find((one) => one >= startMs + onsetMs) ?? null;
  const held = await heldIn(fleet.documents);
  const requests = fleet.server.log.length - before;
  const falseAlerts = options.breaks ? alerts().filter((one) => one < startMs + onsetMs).length : alerts().length;
  await fleet.close();
  const alertMinutes = first === null ? null : (first - startMs - onsetMs) / minute;
  const said = fleet.reports.filter(({ atMs, what }) => atMs === first && what.startsWith('sentinel: '));
  return { ...jury.outcome(requests), alertMinutes, falseAlerts, held, said: said.map(wordsOf) };
}

const wordsOf = ({ what, facts }: Fleet['reports'][number]): string =>
  [what, ...Object.entries(facts).flatMap(([name, value]) => wordOf(name, value))].join(' ');

/** None for what is no single word, e.g. the whole breaker. */
function wordOf(name: string, value: unknown): string[] {
  if (typeof value === 'string') return [`${name}=${value}`];
  if (typeof value !== 'number') return [];
  return [`${name}=${Number.isInteger(value) ? value : value.toPrecision(2)}`];
}

export async function heldIn(documents: Documents): Promise<number> {
  let held = 0;
  for (const profile of await documents.find('allProfiles', {})) {
    const checkpoints = await documents.getMany('checkpoints', Object.keys(profile.calendars));
    held += checkpoints.reduce((sum, one) => sum + one.held.length, 0);
  }
  return held;
}
