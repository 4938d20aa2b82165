/** Accepted writes: 202 with a durable intent, beside one request to the bare gateway and one durable insert. */
import { demandEqual } from '../kit/answers.ts';
import { figureOf, type Figure } from '../kit/figures.ts';
import { withSubject } from '../kit/processes.ts';
import type { Answered, Asked } from './asking.ts';
import { askWarm, firstDayMs, warmUp, type Stage } from './stage.ts';

const hourMs = 3_600_000;
const at = (hours: number): string => new Date(firstDayMs + hours * hourMs).toISOString().replace('.000', '');

/** About 1 KB. */
const body = JSON.stringify({
  event_id: 'event-{n}',
  summary: 'Meeting {n}',
  description: 'What was agreed the last time, and what is to be decided now. '.repeat(13),
  start: at(12),
  end: at(13),
  tzid: 'Europe/Berlin',
  location: { description: 'Room 12' },
});

/**
 * As fast as answers come, which is more than one process can carry out beside accepting it; and one every 10 ms, which
 * leaves it the time: then an answer takes as long as accepting takes.
 */
const loads = [
  { name: '1 connection(s)', connections: 1, pauseMs: 0, share: 1 },
  { name: '1 connection(s), one every 10 ms', connections: 1, pauseMs: 10, share: 0.25 },
  { name: '64 connection(s)', connections: 64, pauseMs: 0, share: 1 },
] as const;

type Load = (typeof loads)[number];

const requestsOf = (size: Stage['size'], { share }: Load): number => Math.ceil(size.writes * share);

/** The maps are by name of load. */
export interface Writes {
  readonly bare: ReadonlyMap<string, Answered>;
  /** Alone: no actor in the same process takes what was accepted. */
  readonly alone: ReadonlyMap<string, Answered>;
  readonly everything: ReadonlyMap<string, Answered>;
  readonly insertMs: number;
}

export async function measureWrites(
  { client, filled, size }: Stage,
  port: number,
): Promise<ReadonlyMap<string, Answered>> {
  const path = `/v1/calendars/${filled.calendarId}/events`;
  const question: Omit<Asked, 'connections' | 'requests' | 'pauseMs'> = {
    port,
    path,
    body,
    token: filled.token,
    method: 'POST',
    status: 202,
  };
  const found = new Map<string, Answered>();
  for (const load of loads) {
    const { name, connections, pauseMs } = load;
    const answered = await askWarm(client, question, connections, requestsOf(size, load), pauseMs);
    demandEqual('the body of a 202', answered.first, '');
    found.set(name, answered);
  }
  return found;
}

/** How many writes one `measureWrites` makes. */
export const writesMade = (size: Stage['size']): number =>
  loads.reduce((sum, load) => sum + requestsOf(size, load) + warmUp(requestsOf(size, load)), 0);

export const measureInsert = async ({ folder, size }: Stage): Promise<number> =>
  withSubject('gateway.insert', async (subject) => {
    const { p50Ms } = await subject.ask<{ p50Ms: number }>('insert', {
      folder,
      count: size.writes,
      bytes: body.length,
    });
    return p50Ms;
  });

export function figuresOfWrites(rounds: readonly Writes[]): Figure[] {
  const insert = figureOf(
    { bench: 'gateway', figure: 'accepted write', subject: 'floor: one durable insert', unit: 'ms' },
    rounds.map((one) => one.insertMs),
  );
  const byLoad = loads.flatMap(({ name, connections }) => {
    const labels = { bench: 'gateway', figure: `accepted write, ${name}` } as const;
    const p50 = (of: (round: Writes) => ReadonlyMap<string, Answered>): number[] =>
      rounds.flatMap((round) => of(round).get(name)?.p50Ms ?? []);
    const floor = rounds.map((round, n) => (p50((one) => one.bare)[n] ?? Number.NaN) + round.insertMs);
    const ours = [
      { subject: 'Kalends, API alone', of: (round: Writes) => round.alone },
      { subject: 'Kalends, actors in the same process', of: (round: Writes) => round.everything },
    ];
    return [
      figureOf(
        { ...labels, subject: 'moleculer-web, body parsed', unit: 'ms' },
        p50((one) => one.bare),
      ),
      ...ours.map(({ subject, of }) =>
        figureOf({ ...labels, subject, unit: 'ms', detail: detailOf(rounds.map(of), name) }, p50(of)),
      ),
      // With more connections one durable write serves many requests: the floor is that of one.
      ...(connections === 1
        ? ours.map(({ subject, of }) =>
            figureOf(
              { ...labels, subject: `${subject} ÷ (request + insert)`, unit: 'ratio', atMost: 2 },
              p50(of).map((value, n) => value / (floor[n] ?? Number.NaN)),
            ),
          )
        : []),
    ];
  });
  return [insert, ...byLoad].flatMap((one) => one ?? []);
}

const detailOf = (answers: readonly ReadonlyMap<string, Answered>[], name: string) => {
  const all = answers.flatMap((one) => one.get(name) ?? []);
  return { bytes: body.length, p99Ms: all.map((one) => one.p99Ms), perSecond: all.map((one) => one.perSecond) };
};
