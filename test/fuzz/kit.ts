/**
 * Fuzzing: seeded inputs for one entrance, as many as a test may take, or as long as one likes.
 *
 * `FUZZ_RUNS` sets how many inputs at least, `FUZZ_MINUTES` for how long at least, `FUZZ_SEED` the first input's seed: each input has
 * a seed of its own, so `FUZZ_SEED=<seed of the failure> FUZZ_RUNS=1` makes the same one again.
 */
import { getHeapStatistics } from 'node:v8';
import { pick, seeded, type Seeded } from '../support/seeded.ts';
import { mutated, type Vocabulary } from './mutate.ts';
import { watchdog } from './watchdog.ts';

export interface Entrance extends Vocabulary {
  readonly name: string;
  /** Inputs of a `npm test`. */
  readonly runs: number;
  /** Makes an input from the grammar instead of from a sample. */
  readonly grow: (random: Seeded) => string;
  /** Throws, or rejects, when the input led to anything but a meaning or a typed failure. */
  readonly attempt: (input: string, random: Seeded) => void | Promise<void>;
}

/** Far above what any input needs, far below what would hurt: measured in the heap, garbage included. */
const heapBytesMax = 384 * 1024 * 1024;
/** Only an endless loop takes so long. */
const patienceMs = 20_000;

/** For the reader's comfort only. */
const smallerMs = 5_000;

const numberOf = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

/** Resolves with the number of inputs; rejects with the first that went wrong, made as small as could be. */
export async function fuzz(entrance: Entrance): Promise<number> {
  const firstSeed = numberOf('FUZZ_SEED', 20_261_120);
  const runs = numberOf('FUZZ_RUNS', entrance.runs);
  const endsAtMs = performance.now() + numberOf('FUZZ_MINUTES', 0) * 60_000;
  const dog = watchdog(patienceMs);
  let nth = 0;
  try {
    for (; nth < runs || performance.now() < endsAtMs; nth += 1) {
      const input = inputOf(entrance, firstSeed + nth);
      dog.begin(input);
      const failure = await failureOf(entrance, input, firstSeed + nth);
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
  return nth;
}

function inputOf(entrance: Entrance, seed: number): string {
  const random = seeded(seed);
  const grown = random() < 0.4;
  const base = grown ? entrance.grow(random) : pick(random, entrance.samples);
  return grown && random() < 0.5 ? base : mutated(base, random, entrance);
}

async function failureOf(entrance: Entrance, input: string, seed: number): Promise<unknown> {
  const before = getHeapStatistics().used_heap_size;
  try {
    // What an attempt rolls is the same for each try of the same seed.
    await entrance.attempt(input, seeded(seed ^ 0x5bd1e995));
  } catch (error) {
    return error ?? new Error('something was thrown that is nothing');
  }
  const used = getHeapStatistics().used_heap_size - before;
  return used > heapBytesMax ? new RangeError(`it took ${used} bytes of heap`) : null;
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
      if ((await failureOf(entrance, without, seed)) === null) from += size;
      else now = without;
    }
  }
  return now;
}
