/**
 * What thousands of profiles on a dead host cost, and whether they delay others: processor time of the whole process in
 * steady state, and the delay of nudges to live profiles beside that of a fleet that is well, in turns.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asked, Measured, Sizes } from './fleet/profiles.ts';
import { figureOf, type Bench, type Figure, type Scale } from './kit/figures.ts';
import { withSubject } from './kit/processes.ts';

/** Percent of one processor. */
const cpuMax = 1;
/** Times the delay in a fleet that is well. */
const delayMax = 2;

type Numbers = Omit<Asked, 'path' | 'dead'>;

const whole: Numbers = { mortal: 10_000, live: 200, cpuMs: 60_000, nudges: 1_000, everyMs: 20 };
const small: Numbers = { mortal: 40, live: 10, cpuMs: 500, nudges: 20, everyMs: 10 };

export const quarantinedFleet: Bench = (scale) => quarantinedFleetOf(scale, scale.quick ? small : whole);

export async function quarantinedFleetOf(scale: Scale, numbers: Numbers): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  try {
    const filled: Sizes = { path: join(folder, 'filled.sqlite'), mortal: numbers.mortal, live: numbers.live };
    const live = await withSubject('fleet.profiles', (one) => one.ask<number>('fill', filled));
    if (live !== numbers.mortal + numbers.live) throw new Error(`only ${live} profiles are live before the outage`);
    const dead: Measured[] = [];
    const well: Measured[] = [];
    for (let round = 1; round <= scale.runs; round += 1) {
      dead.push(await measure(filled.path, folder, { ...numbers, dead: true }));
      well.push(await measure(filled.path, folder, { ...numbers, dead: false, cpuMs: numbers.cpuMs / 4 }));
      scale.log(`quarantined-fleet: round ${round} of ${scale.runs}: ${JSON.stringify([dead.at(-1), well.at(-1)])}`);
    }
    return figuresOf(numbers, dead, well);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(filled: string, folder: string, asked: Omit<Asked, 'path'>): Promise<Measured> {
  const path = join(folder, 'fleet.sqlite');
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
  copyFileSync(filled, path);
  const found = await withSubject('fleet.profiles', (one) => one.ask<Measured>('measure', { ...asked, path }));
  // Counted before anything is believed: a fleet that does not wait, or that waits while it is well, is another one.
  const expected = asked.dead ? asked.mortal : 0;
  if (found.waitingProfiles !== expected)
    throw new Error(`${found.waitingProfiles} profiles wait for their host, ${expected} should`);
  return found;
}

function figuresOf(numbers: Numbers, dead: readonly Measured[], well: readonly Measured[]): readonly Figure[] {
  const bench = 'quarantined-fleet';
  const quarantined = `${numbers.mortal} on a dead host, ${numbers.live} live`;
  const healthy = `${numbers.mortal + numbers.live} live`;
  const seconds = numbers.cpuMs / 1_000;
  const cpu = { bench, unit: '%' } as const;
  const over = (share: number): string => `processor time over ${seconds * share} s`;
  const p50 = { bench, figure: 'nudge to provider call, p50', unit: 'ms' } as const;
  const p99 = { bench, figure: 'nudge to provider call, p99', unit: 'ms' } as const;
  const ratios = dead.map((one, k) => one.p99 / (well[k]?.p99 ?? Number.NaN));
  return [
    figureOf(
      { ...cpu, figure: `${over(1)} between two probes of the host`, subject: quarantined, atMost: cpuMax },
      dead.map((one) => one.cpu),
    ),
    figureOf(
      { ...cpu, figure: over(1 / 4), subject: healthy },
      well.map((one) => one.cpu),
    ),
    figureOf(
      { ...p50, subject: quarantined },
      dead.map((one) => one.p50),
    ),
    figureOf(
      { ...p50, subject: healthy },
      well.map((one) => one.p50),
    ),
    figureOf(
      { ...p99, subject: quarantined },
      dead.map((one) => one.p99),
    ),
    figureOf(
      { ...p99, subject: healthy },
      well.map((one) => one.p99),
    ),
    figureOf(
      { bench, figure: 'p99, quarantined / healthy', subject: 'Kalends', unit: 'ratio', atMost: delayMax },
      ratios,
    ),
  ].flatMap((one) => one ?? []);
}
