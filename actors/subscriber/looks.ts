/** Looks under way: at most one for each name, repeated when it was asked for meanwhile, remembered when it failed. */
import { isPassing, type Report } from './look-deps.ts';

export interface Looks {
  /** Looks at `id`, or once more after the look that is under way; resolves with what they answered in all. Never rejects. */
  request(id: string): Promise<number>;
  isUnderWay(id: string): boolean;
  underWay(): number;
  /** Requests those whose last look failed. */
  repeatFailed(): void;
  /** Resolves when none is under way. */
  idle(): Promise<void>;
}

interface Running {
  again: boolean;
  done: Promise<number>;
}

export function createLooks(lookAt: (id: string) => Promise<number>, report: Report): Looks {
  const running = new Map<string, Running>();
  const failed = new Set<string>();

  async function run(id: string, one: Running): Promise<number> {
    let sum = 0;
    try {
      do {
        one.again = false;
        sum += await lookAt(id);
      } while (one.again);
    } catch (error) {
      failed.add(id);
      report(isPassing(error) ? 'warn' : 'error', 'a look failed and is repeated', { id, error });
    } finally {
      running.delete(id);
    }
    return sum;
  }

  function request(id: string): Promise<number> {
    const known = running.get(id);
    if (known !== undefined) {
      known.again = true;
      return known.done;
    }
    const one: Running = { again: false, done: Promise.resolve(0) };
    running.set(id, one);
    one.done = run(id, one);
    return one.done;
  }

  return {
    request,
    isUnderWay: (id) => running.has(id),
    underWay: () => running.size,
    repeatFailed: () => {
      const again = [...failed];
      failed.clear();
      for (const id of again) void request(id);
    },
    idle: async () => {
      while (running.size > 0) await Promise.all([...running.values()].map((one) => one.done));
    },
  };
}
