/** Reads of 100 events: the same question again and again, and another one each time, beside the same bytes from memory. */
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

/** The answer cache knows it after the first time. */
const samePath = pathFrom(day(windowAtDay));
/** Before the first event of the day, so the rows are the same; no answer cache can know it. */
const otherPath = pathFrom(`${day(windowAtDay)}T{time}Z`);

const subjects = {
  node: 'node:http, from memory',
  bare: 'moleculer-web, from memory',
  same: 'Kalends, the same question',
  other: 'Kalends, another question each time',
} as const;
type Who = keyof typeof subjects;
const everyone = Object.keys(subjects) as Who[];

/** By number of connections. */
export type Reads = ReadonlyMap<number, Readonly<Record<Who, Answered>>>;

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
  const questions: Readonly<Record<Who, Question>> = {
    node: get(barePorts.node, samePath, token),
    bare: get(barePorts.gateway, samePath, token),
    same: get(port, samePath, token),
    other: get(port, otherPath, token),
  };
  const reads = new Map<number, Readonly<Record<Who, Answered>>>();
  for (const connections of connectionCounts) {
    const found: Partial<Record<Who, Answered>> = {};
    for (const who of everyone) found[who] = await askWarm(client, questions[who], connections, size.reads);
    const all = found as Record<Who, Answered>;
    for (const who of everyone) demandEqual(`the bytes from ${subjects[who]}`, all[who].first, all.bare.first);
    reads.set(connections, all);
  }
  return reads;
}

export function figuresOfReads(rounds: readonly Reads[], bytes: number): Figure[] {
  return connectionCounts.flatMap((connections) => {
    const at = rounds.flatMap((round) => round.get(connections) ?? []);
    const labels = { bench: 'gateway', figure: `read 100 of 10,000, ${connections} connection(s)` } as const;
    const absolute = everyone.map((who) =>
      figureOf(
        {
          ...labels,
          subject: subjects[who],
          unit: 'ms',
          detail: detailOf(
            at.map((one) => one[who]),
            bytes,
          ),
        },
        at.map((one) => one[who].p50Ms),
      ),
    );
    const ratios = (['same', 'other'] as const).map((who) =>
      figureOf(
        { ...labels, subject: `${subjects[who]} ÷ moleculer-web`, unit: 'ratio', atMost: 3 },
        at.map((one) => one[who].p50Ms / one.bare.p50Ms),
      ),
    );
    return [...absolute, ...ratios].flatMap((one) => one ?? []);
  });
}

const detailOf = (answers: readonly Answered[], bytes: number) => ({
  bytes,
  p99Ms: answers.map((one) => one.p99Ms),
  perSecond: answers.map((one) => one.perSecond),
});
