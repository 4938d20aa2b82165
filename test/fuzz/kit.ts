/**
 * Fuzzing: seeded inputs for one entrance, as many as a test may take, or as long as one likes.
 *
 * `FUZZ_RUNS` sets how many inputs at least, `FUZZ_MINUTES` for how long at least, `FUZZ_SEED` the first input's seed: each input has
 * a seed of its own, so `FUZZ_SEED=<seed of the failure> FUZZ_RUNS=1` makes the same one again.
 */
import { pick, seeded, type Seeded } from '../support/seeded.ts';
import { mutated, type Vocabulary } from './mutate.ts';
import { resident } from './resident.ts';
import { watchdog } from './watchdog.ts';

export interface Entrance extends Vocabulary {
  readonly name: string;
  /** Inputs of a `npm test`. */
  readonly runs: number;
  /** Makes an input from the grammar instead of from a sample. */
  readonly grow: (random: Seeded) => string;
  /** Share of inputs that are left as they were grown; 0.2 when absent. More where a mutation mostly breaks the grammar. */
  readonly asGrown?: number;
  /** What one input may take of the processor, milliseconds. */
  readonly cpuMsMax?: number;
  /**
   * Throws, or rejects, when the input led to anything but a meaning or a typed failure; answers which of the two. A run
   * of which nearly all inputs end the same way has tried only half of what it is for.
   */
  readonly attempt: (input: string, random: Seeded) => Ending | Promise<Ending>;
}

export type Ending = 'meaning' | 'refusal';

export interface Fuzzed {
  readonly inputs: number;
  /** From 0 to 1. */
  readonly shareOfMeaning: number;
}

/** Far above what any input needs, far below what would hurt: heap and buffers, garbage included, given back or not. */
const bytesMax = 384 * 1024 * 1024;
/** Of the processor, so that a busy machine changes nothing; the slowest inputs take a tenth. */
const cpuMsMax = 3_000;
/** Only an endless loop takes so long. */
const patienceMs = 60_000;

/** For the reader's comfort only. */
const smallerMs = 5_000;

const numberOf = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

/** Rejects with the first input that went wrong, made as small as could be. */
export async function fuzz(entrance: Entrance): Promise<Fuzzed> {
  const firstSeed = numberOf('FUZZ_SEED', 20_261_120);
  const runs = numberOf('FUZZ_RUNS', entrance.runs);
  const endsAtMs = performance.now() + numberOf('FUZZ_MINUTES', 0) * 60_000;
  const dog = watchdog(patienceMs);
  let [nth, meant] = [0, 0];
  try {
    for (; nth < runs || performance.now() < endsAtMs; nth += 1) {
      const input = inputOf(entrance, firstSeed + nth);
      dog.begin(input);
      const { failure, ending } = await tryOne(entrance, input, firstSeed + nth);
      if (ending === 'meaning') meant += 1;
      if (failure === null) continue;
      dog.rest();
      const small = failure instanceof RangeError ? input : await smaller(entrance, input, firstSeed + nth);
      throw new Error(
        `${entrance.name}, seed ${firstSeed + nth}, ${input.length} characters, made smaller: ${JSON.stringify(small).slice(0, 4_000)}`,
        { cause: failure },
      );
    }
  } finally {
    await dog.stop();
  }
  return { inputs: nth, shareOfMeaning: meant / nth };
}

function inputOf(entrance: Entrance, seed: number): string {
  const random = seeded(seed);
  if (random() < (entrance.asGrown ?? 0.2)) return entrance.grow(random);
  const base = random() < 0.25 ? entrance.grow(random) : pick(random, entrance.samples);
  return mutated(base, random, entrance);
}

interface Tried {
  readonly failure: unknown;
  readonly ending: Ending | null;
}

async function tryOne(entrance: Entrance, input: string, seed: number): Promise<Tried> {
  const [bytes, before, cpu] = [bytesUsed(), resident(), process.cpuUsage()];
  let ending: Ending;
  try {
    // What an attempt rolls is the same for each try of the same seed.
    ending = await entrance.attempt(input, seeded(seed ^ 0x5bd1e995));
  } catch (error) {
    return { failure: error ?? new Error('something was thrown that is nothing'), ending: null };
  }
  const { peakBytes } = resident();
  // A peak that is no new one was that of an input before, which did not take too much.
  const passing = peakBytes > before.peakBytes ? peakBytes - before.nowBytes : 0;
  const used = Math.max(bytesUsed() - bytes, passing);
  if (used > bytesMax) return { failure: new RangeError(`it took ${used} bytes of memory`), ending };
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = Math.round((user + system) / 1_000);
  return {
    failure: cpuMs > (entrance.cpuMsMax ?? cpuMsMax) ? new RangeError(`it took ${cpuMs} ms of the processor`) : null,
    ending,
  };
}

function bytesUsed(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Takes away what the failure does not need: halves, quarters, … characters. Never on what is slow or large to fail. */
async function smaller(entrance: Entrance, input: string, seed: number): Promise<string> {
  let now = input;
  let tries = 400;
  const endsAtMs = performance.now() + smallerMs;
  for (
    let size = Math.ceil(now.length / 2);
    size >= 1 && tries > 0 && performance.now() < endsAtMs;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < now.length && tries > 0 && performance.now() < endsAtMs; tries -= 1) {
      const without = now.slice(0, from) + now.slice(from + size);
      if ((await tryOne(entrance, without, seed)).failure === null) from += size;
      else now = without;
    }
  }
  return now;
}
