/** The kit itself: it finds what is wrong, says how to see it again, and notices an input that never ends. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fuzz, type Entrance } from './kit.ts';

const entrance = (change: Partial<Entrance>): Entrance => ({
  name: 'test',
  runs: 300,
  samples: ['one two three\nfour five six\n'],
  words: ['bad'],
  grow: () => 'grown',
  attempt: () => undefined,
  ...change,
});

const failsOn = (text: string) => (input: string) => {
  if (input.includes(text)) throw new Error(`it holds ${text}`);
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
    await fuzz(entrance({ attempt: (input) => void inputs.push(input) }));
    return inputs;
  };
  const [first, second] = [await run(), await run()];
  expect(first).toEqual(second);
  expect(new Set(first).size).toBeGreaterThan(150);
});

test('an input that takes too much memory is reported', async () => {
  let kept: number[][] = [];
  const attempt = (): void => {
    kept = Array.from({ length: 60 }, () => Array.from<number>({ length: 1_000_000 }).fill(1.5));
  };
  await expect(fuzz(entrance({ runs: 1, samples: ['x'], attempt }))).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(/bytes of heap/) }) }),
  );
  expect(kept.length).toBe(60);
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
