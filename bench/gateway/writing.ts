/** Accepted writes: 202 with a durable intent, beside one request to the bare gateway and one durable insert. */
import { demandEqual } from '../kit/answers.ts';
import { figureOf, type Figure } from '../kit/figures.ts';
import { withSubject } from '../kit/processes.ts';
import type { Answered, Asked } from './asking.ts';
import { askWarm, connectionCounts, firstDayMs, warmUp, type Stage } from './stage.ts';

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

/** The maps are by number of connections. */
export interface Writes {
  readonly bare: ReadonlyMap<number, Answered>;
  /** Alone: no actor in the same process takes what was accepted. */
  readonly alone: ReadonlyMap<number, Answered>;
  readonly everything: ReadonlyMap<number, Answered>;
  readonly insertMs: number;
}

export async function measureWrites(
  { client, filled, size }: Stage,
  port: number,
): Promise<ReadonlyMap<number, Answered>> {
  const path = `/v1/calendars/${filled.calendarId}/events`;
  const question: Omit<Asked, 'connections' | 'requests'> = {
    port,
    path,
    body,
    token: filled.token,
    method: 'POST',
    status: 202,
  };
  const found = new Map<number, Answered>();
  for (const connections of connectionCounts) {
    const answered = await askWarm(client, question, connections, size.writes);
    demandEqual('the body of a 202', answered.first, '');
    found.set(connections, answered);
  }
  return found;
}

/** How many writes one `measureWrites` makes. */
export const writesMade = (size: Stage['size']): number =>
  connectionCounts.length * (size.writes + warmUp(size.writes));

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
  const byConnections = connectionCounts.flatMap((connections) => {
    const labels = { bench: 'gateway', figure: `accepted write, ${connections} connection(s)` } as const;
    const p50 = (of: (round: Writes) => ReadonlyMap<number, Answered>): number[] =>
      rounds.flatMap((round) => of(round).get(connections)?.p50Ms ?? []);
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
        figureOf({ ...labels, subject, unit: 'ms', detail: detailOf(rounds.map(of), connections) }, p50(of)),
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
  return [insert, ...byConnections].flatMap((one) => one ?? []);
}

const detailOf = (answers: readonly ReadonlyMap<number, Answered>[], connections: number) => {
  const all = answers.flatMap((one) => one.get(connections) ?? []);
  return { bytes: body.length, p99Ms: all.map((one) => one.p99Ms), perSecond: all.map((one) => one.perSecond) };
};
