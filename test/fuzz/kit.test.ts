/** The kit itself: it finds what is wrong, says how to see it again, and notices an input that never ends. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { fuzz, type Ending, type Entrance } from './kit.ts';

const entrance = (change: Partial<Entrance>): Entrance => ({
  name: 'test',
  runs: 300,
  samples: ['one two three\nfour five six\n'],
  words: ['bad'],
  grow: () => 'grown',
  attempt: () => 'meaning',
  ...change,
});

const failsOn =
  (text: string) =>
  (input: string): Ending => {
    if (input.includes(text)) throw new Error(`it holds ${text}`);
    return 'meaning';
  };

test('an input that goes wrong is reported with its seed, made small', async () => {
  await expect(fuzz(entrance({ attempt: failsOn('bad') }))).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^test, seed \d+, \d+ characters, made smaller: "bad"$/),
      cause: expect.objectContaining({ message: 'it holds bad' }),
    }),
  );
});

test('the same inputs come in every run, most of them different from each other', async () => {
  const run = async (): Promise<string[]> => {
    const inputs: string[] = [];
    const attempt = (input: string): Ending => (inputs.push(input) % 4 === 0 ? 'meaning' : 'refusal');
    expect(await fuzz(entrance({ attempt }))).toEqual({ inputs: 300, shareOfMeaning: 0.25 });
    return inputs;
  };
  const [first, second] = [await run(), await run()];
  expect(first).toEqual(second);
  expect(new Set(first).size).toBeGreaterThan(150);
});

test('an input that takes too much memory is reported, though it has given it back at its end', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const take = (): number => Array.from({ length: 64 }, () => new Float64Array(1_000_000).fill(1.5)).length;
  const attempt = (): Ending => {
    expect(take()).toBe(64);
    // The first finds that nobody has them, the second gives their bytes back.
    collect();
    collect();
    return 'refusal';
  };
  await expect(fuzz(entrance({ runs: 1, samples: ['x'], attempt }))).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(/bytes of memory/) }) }),
  );
});

/** Until the end: what is freed during an attempt would count for it. */
const kept: unknown[] = [];

test.each([
  ['buffers', () => Array.from({ length: 8 }, () => Buffer.alloc(64 * 1024 * 1024, 1))],
  ['arrays', () => Array.from({ length: 64 }, () => Array.from<number>({ length: 1_000_000 }).fill(1.5))],
])(
  'an input that takes too much memory is reported: %s',
  async (_what, take) => {
    const attempt = (): Ending => {
      kept.push(take());
      return 'meaning';
    };
    await expect(fuzz(entrance({ runs: 1, samples: ['x'], attempt }))).rejects.toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ message: expect.stringMatching(/bytes of memory/) }),
      }),
    );
  },
  120_000,
);

test('an input that takes too much of the processor is reported', async () => {
  const attempt = (): Ending => {
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 150_000);
    return 'refusal';
  };
  await expect(fuzz(entrance({ runs: 1, samples: ['x'], cpuMsMax: 100, attempt }))).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(/of the processor/) }) }),
  );
});

test('an input that never ends is told, and ends the process', () => {
  const path = JSON.stringify(join(import.meta.dirname, 'watchdog.ts'));
  const script = `import { watchdog } from ${path}; const dog = watchdog(300); dog.begin('the one'); for (;;);`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toContain('no end after 300 ms: "the one"');
  expect(signal).toBe('SIGKILL');
});
