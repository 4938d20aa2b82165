/** Reads of 100 events, asked for before and not, beside the same bytes from memory. */
import { demandEqual } from '../kit/answers.ts';
import { figureOf, type Figure } from '../kit/figures.ts';
import type { Subject } from '../kit/processes.ts';
import type { Answered, Asked } from './asking.ts';
import { askWarm, connectionCounts, firstDayMs, type Stage } from './stage.ts';

const shown = 100;
const perDay = 10;
const dayMs = 86_400_000;

/** Days after the first event's on which the window of ten days begins. */
const windowAtDay = 20;

const day = (n: number): string => new Date(firstDayMs + n * dayMs).toISOString().slice(0, 10);

const pathFrom = (from: string): string =>
  `/v1/events?tzid=Europe/Berlin&from=${from}&to=${day(windowAtDay + shown / perDay)}`;

/** All windows of ten days, the one of the other questions first. */
const windowsOf = (events: number): readonly string[] => {
  const days = Array.from({ length: events / shown }, (_, n) => (n * shown) / perDay);
  const first = days.indexOf(windowAtDay);
  return [...days.slice(first), ...days.slice(0, first)].map((n) => `from=${day(n)}&to=${day(n + shown / perDay)}`);
};

/** The answer cache knows it after the first time. */
const samePath = pathFrom(day(windowAtDay));
/** Before the first event of the day, so the rows are the same; the answer cache cannot know it, the row cache does. */
const otherPath = pathFrom(`${day(windowAtDay)}T{time}Z`);

const subjects = {
  node: 'node:http, from memory',
  bare: 'moleculer-web, from memory',
  same: 'Kalends, the same question',
  other: 'Kalends, another question each time',
  fresh: 'Kalends, rows that nobody asked for yet',
} as const;
type Who = keyof typeof subjects;
const everyone = Object.keys(subjects) as Who[];
const everywhere = everyone.filter((who) => who !== 'fresh');

const whoAt = (connections: number): readonly Who[] => (connections === 1 ? everyone : everywhere);

/** By number of connections. */
export type Reads = ReadonlyMap<number, ReadonlyMap<Who, Answered>>;

type Question = Omit<Asked, 'connections' | 'requests'>;
const get = (port: number, path: string, token: string): Question => ({
  port,
  path,
  token,
  method: 'GET',
  status: 200,
});

/** What the API shows, checked against the rule by which the events were made. */
export async function sampleAnswer(client: Subject, port: number, token: string): Promise<string> {
  const once = (path: string): Promise<Answered> =>
    client.ask<Answered>('run', { ...get(port, path, token), connections: 1, requests: 1 });
  const { first } = await once(samePath);
  const { events } = JSON.parse(first) as { events: { summary: string }[] };
  const expected = Array.from({ length: shown }, (_, n) => `Meeting ${windowAtDay * perDay + n}`);
  demandEqual(
    'the events of the window',
    events.map((one) => one.summary),
    expected,
  );
  demandEqual('the answer to another question', (await once(otherPath)).first, first);
  return first;
}

export async function measureReads({ client, filled, size, barePorts }: Stage, port: number): Promise<Reads> {
  const { token } = filled;
  const windows = windowsOf(size.events);
  const questions: Readonly<Record<Exclude<Who, 'fresh'>, Question>> = {
    node: get(barePorts.node, samePath, token),
    bare: get(barePorts.gateway, samePath, token),
    same: get(port, samePath, token),
    other: get(port, otherPath, token),
  };
  // Rows are kept for each choice of calendars: the second way to name the same ones warms the code and no rows.
  const fresh = async (): Promise<Answered> => {
    const once = (path: string): Promise<Answered> =>
      client.ask('run', { ...get(port, path, token), windows, connections: 1, requests: windows.length });
    await once('/v1/events?tzid=Europe/Berlin&{window}');
    return once(`/v1/events?tzid=Europe/Berlin&{window}&calendar_ids[]=${filled.calendarId}`);
  };
  const reads = new Map<number, ReadonlyMap<Who, Answered>>();
  for (const connections of connectionCounts) {
    const found = new Map<Who, Answered>();
    for (const who of whoAt(connections)) {
      const answered = who === 'fresh' ? await fresh() : await askWarm(client, questions[who], connections, size.reads);
      found.set(who, answered);
      demandEqual(`the bytes from ${subjects[who]}`, answered.first, found.get('node')?.first);
    }
    reads.set(connections, found);
  }
  return reads;
}

export function figuresOfReads(rounds: readonly Reads[], bytes: number): Figure[] {
  return connectionCounts.flatMap((connections) => {
    const at = rounds.flatMap((round) => round.get(connections) ?? []);
    const of = (who: Who): Answered[] => at.flatMap((round) => round.get(who) ?? []);
    const labels = { bench: 'gateway', figure: `read 100 of 10,000, ${connections} connection(s)` } as const;
    const absolute = whoAt(connections).map((who) =>
      figureOf(
        { ...labels, subject: subjects[who], unit: 'ms', detail: detailOf(of(who), bytes) },
        of(who).map((one) => one.p50Ms),
      ),
    );
    const bare = of('bare');
    const ratio = (who: Who, atMost?: number) =>
      figureOf(
        {
          ...labels,
          subject: `${subjects[who]} ÷ moleculer-web`,
          unit: 'ratio',
          ...(atMost === undefined ? {} : { atMost }),
        },
        of(who).map((one, round) => one.p50Ms / (bare[round]?.p50Ms ?? Number.NaN)),
      );
    const ratios = [ratio('same', 3), ratio('other', 3), ...(connections === 1 ? [ratio('fresh')] : [])];
    return [...absolute, ...ratios].flatMap((one) => one ?? []);
  });
}

const detailOf = (answers: readonly Answered[], bytes: number) => ({
  bytes,
  p99Ms: answers.map((one) => one.p99Ms),
  perSecond: answers.map((one) => one.perSecond),
});
