/**
 * CalDAV: first sync, a pull without change, and 50 updates with 20 removals, on a real Radicale with 5,000 events;
 * beside them the floor (the same bytes, and the parsing of them) and two peers.
 */
import tsdavPackage from 'tsdav/package.json' with { type: 'json' };
import { oneRound, type CalDavSize, type Round } from './caldav/round.ts';
import { startBenchServer } from './caldav/server.ts';
import { findVdirsyncer, type Vdirsyncer } from './caldav/vdirsyncer.ts';
import { figureOf, type Bench, type Figure, type Scale } from './kit/figures.ts';

const full: CalDavSize = { events: 5_000, updates: 50, removals: 20 };
const small: CalDavSize = { events: 200, updates: 10, removals: 4 };

export const caldav: Bench = async (scale) =>
  calDavOf(scale, scale.quick ? small : full, await findVdirsyncer(scale.log));

export async function calDavOf(
  scale: Scale,
  size: CalDavSize,
  vdirsyncer: Vdirsyncer | null,
): Promise<readonly Figure[]> {
  const server = await startBenchServer(size.events, scale.log);
  try {
    // A whole round whose figures nobody keeps: no clock counts before everyone's answers were compared.
    await oneRound(server, size, vdirsyncer, 0);
    scale.log('caldav: all answers agree');
    const rounds: Round[] = [];
    for (let n = 1; n <= scale.runs; n += 1) {
      rounds.push(await oneRound(server, size, vdirsyncer, n));
      scale.log(`caldav: round ${n} of ${scale.runs}`);
    }
    const peer = `vdirsyncer ${vdirsyncer?.version ?? 'missing'}`;
    return [...firstSync(rounds, peer), ...unchanged(rounds, peer), ...changed(rounds, peer), ...memory(rounds)];
  } finally {
    await server.stop();
  }
}

type Values = (round: Round) => number | null | undefined;

/** One figure for each row; rows without values are left out. */
function figuresFrom(
  rounds: readonly Round[],
  figure: string,
  rows: readonly (Pick<Figure, 'subject'> & Partial<Figure> & { readonly of: Values })[],
): Figure[] {
  return rows.flatMap(({ of, ...labels }) => {
    const values = rounds.flatMap((round) => of(round) ?? []);
    return figureOf({ bench: 'caldav', figure, unit: 'ms', ...labels }, values) ?? [];
  });
}

const kalends = 'Kalends';
const http = 'floor: HTTP';
const tsdav = `tsdav ${tsdavPackage.version}`;

/** Both parts of the floor, run alone: nobody syncs a calendar without moving and understanding its bytes. */
const floorOf = (round: Round, when: 'cold' | 'warm'): number => round.raw[when].ms + round.domain[when].totalMs;

function firstSync(rounds: readonly Round[], vdirsyncer: string): Figure[] {
  const asked = { requests: rounds[0]?.sync.warm.requests, bytes: rounds[0]?.raw.same.bytes };
  return (['warm', 'cold'] as const).flatMap((when) =>
    figuresFrom(rounds, `first sync, ${when}`, [
      { subject: kalends, of: (round) => round.sync[when].ms, detail: asked },
      { subject: http, of: (round) => round.raw[when].ms, detail: { bytes: rounds[0]?.raw.warm.bytes } },
      ...(when === 'warm'
        ? [{ subject: `${http}, as asked by Kalends`, of: (round: Round) => round.raw.same.ms }]
        : []),
      {
        subject: 'floor: parse + normalise + expand',
        of: (round) => round.domain[when].totalMs,
        detail: { example: rounds[0]?.domain[when] },
      },
      { subject: 'floor: both', of: (round) => floorOf(round, when) },
      {
        subject: 'Kalends ÷ floor',
        unit: 'ratio',
        of: (round) => round.sync[when].ms / floorOf(round, when),
        ...(when === 'warm' ? { atMost: 2 } : {}),
      },
      { subject: 'ical.js: parse + expand alone', of: (round) => round.icalJs[when] },
      { subject: `${tsdav}, fetch alone`, of: (round) => round.tsdav[when] },
      ...(when === 'cold' ? [{ subject: vdirsyncer, of: (round: Round) => round.vdirsyncer?.first }] : []),
    ]),
  );
}

function unchanged(rounds: readonly Round[], vdirsyncer: string): Figure[] {
  return figuresFrom(rounds, 'pull without change', [
    { subject: kalends, of: ({ unchanged: { poll } }) => poll.ms },
    {
      subject: `${kalends}, requests`,
      unit: 'requests',
      atMost: 1,
      of: ({ unchanged: { poll } }) => poll.requests.length,
    },
    { subject: `${kalends}, commits`, unit: 'commits', atMost: 0, of: ({ unchanged: { poll } }) => poll.commits },
    { subject: http, of: ({ unchanged: { raw } }) => raw.ms },
    { subject: 'Kalends ÷ floor', unit: 'ratio', of: ({ unchanged: { poll, raw } }) => poll.ms / raw.ms },
    { subject: tsdav, of: (round) => round.tsdav.unchanged },
    { subject: vdirsyncer, of: (round) => round.vdirsyncer?.unchanged },
  ]);
}

function changed(rounds: readonly Round[], vdirsyncer: string): Figure[] {
  return figuresFrom(rounds, 'updates and removals', [
    { subject: kalends, of: (round) => round.changed.poll.ms, detail: { requests: rounds[0]?.changed.poll.requests } },
    { subject: `${kalends}, requests`, unit: 'requests', atMost: 4, of: (round) => round.changed.poll.requests.length },
    { subject: http, of: (round) => round.changed.raw.ms },
    { subject: tsdav, of: (round) => round.tsdav.changed },
    { subject: vdirsyncer, of: (round) => round.vdirsyncer?.changed },
  ]);
}

const megabytes = (bytes: number): number => bytes / 1_048_576;

function memory(rounds: readonly Round[]): Figure[] {
  const figure = 'largest resident size';
  return figuresFrom(rounds, figure, [
    {
      subject: 'Kalends, one first sync',
      unit: 'MB',
      atMost: 250,
      of: (round) => megabytes(round.memory.firstSync),
    },
    {
      subject: 'Kalends, all of this',
      unit: 'MB',
      atMost: 250,
      of: (round) => megabytes(round.memory.all),
    },
  ]);
}
