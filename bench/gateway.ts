/**
 * Gateway: reads of 100 events out of 10,000 beside the same bytes from memory, and accepted writes beside one request
 * and one durable write.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Filled } from './gateway/kalends.ts';
import { figuresOfReads, measureReads, sampleAnswer, type Reads } from './gateway/reading.ts';
import { firstDayMs, type GatewaySize, type Stage } from './gateway/stage.ts';
import { figuresOfWrites, measureInsert, measureWrites, writesMade, type Writes } from './gateway/writing.ts';
import { demandEqual } from './kit/answers.ts';
import type { Bench, Figure, Scale } from './kit/figures.ts';
import { startSubject, withSubject, type Subject } from './kit/processes.ts';

const full: GatewaySize = { events: 10_000, reads: 2_000, writes: 600 };
const small: GatewaySize = { events: 400, reads: 100, writes: 20 };

export const gateway: Bench = (scale) => gatewayOf(scale, scale.quick ? small : full);

export async function gatewayOf(scale: Scale, size: GatewaySize): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  const client = startSubject('gateway.asking');
  try {
    const filled = await withSubject('gateway.kalends', (one) =>
      one.ask<Filled>('fill', { folder, count: size.events, firstDayMs }),
    );
    scale.log(`gateway: ${size.events} events are there`);
    const answer = await serving({ folder, alone: false }, (port) => sampleAnswer(client, port, filled.token));
    return await measured(scale, { size, folder, filled, client }, answer);
  } finally {
    await client.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Kalends in a process of its own for as long as `use` takes. */
const serving = <T>(
  how: { readonly folder: string; readonly alone: boolean },
  use: (port: number, kalends: Subject) => Promise<T>,
): Promise<T> =>
  withSubject('gateway.kalends', async (kalends) => {
    const { port } = await kalends.ask<{ port: number }>('serve', how);
    const result = await use(port, kalends);
    await kalends.ask('stop');
    return result;
  });

/** Of the round in which answers are compared and no time is kept. */
const few = { reads: 8, writes: 4 } as const;

async function measured(scale: Scale, stage: Omit<Stage, 'barePorts'>, answer: string): Promise<readonly Figure[]> {
  const play = (size: GatewaySize, writtenBefore: number): Promise<Round> =>
    // As fresh as Kalends: a server that is warm from earlier rounds would be another one.
    withSubject('gateway.bare', async (bare) => {
      const barePorts = await bare.ask<Stage['barePorts']>('start', { answer });
      return oneRound({ ...stage, size, barePorts }, writtenBefore);
    });
  let { written } = await play({ ...stage.size, ...few }, 0);
  scale.log('gateway: all answers agree');
  const rounds: Round[] = [];
  for (let round = 1; round <= scale.runs; round += 1) {
    const found = await play(stage.size, written);
    written = found.written;
    rounds.push(found);
    scale.log(`gateway: round ${round} of ${scale.runs}`);
  }
  const reads = rounds.map((one) => one.reads);
  return [...figuresOfReads(reads, Buffer.byteLength(answer)), ...figuresOfWrites(rounds.map((one) => one.writes))];
}

interface Round {
  readonly reads: Reads;
  readonly writes: Writes;
  /** Events that were written up to its end, in all rounds. */
  readonly written: number;
}

async function oneRound(stage: Stage, writtenBefore: number): Promise<Round> {
  const { folder, filled, size } = stage;
  const writtenAlone = writtenBefore + writesMade(size);
  const written = writtenAlone + writesMade(size);
  const alone = await serving({ folder, alone: true }, (port) => measureWrites(stage, port));
  const { reads, everything } = await serving({ folder, alone: false }, async (port, kalends) => {
    // What the API accepted without actors is theirs now; it must be done before anything else is measured.
    await demandWritten(kalends, filled, writtenAlone);
    const shown = await measureReads(stage, port);
    const accepted = await measureWrites(stage, port);
    await demandWritten(kalends, filled, written);
    return { reads: shown, everything: accepted };
  });
  const bare = await measureWrites(stage, stage.barePorts.gateway);
  return { reads, writes: { alone, everything, bare, insertMs: await measureInsert(stage) }, written };
}

/** Every accepted write became an event: what was answered with 202 was not lost. */
async function demandWritten(kalends: Subject, filled: Filled, expected: number): Promise<void> {
  const { managed } = await kalends.ask<{ managed: number }>('settled', { calendarId: filled.calendarId });
  demandEqual('events written', managed, expected);
}
