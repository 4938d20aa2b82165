/** The life of a process: started once, closed once, closed again when its start fails half-way. */
import { KalendsError } from '../domain/errors.ts';

export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LifecycleSteps {
  readonly start: () => Promise<void>;
  /** In order; each runs whatever became of the others, and must stand being called before its part was started. */
  readonly stop: readonly (() => Promise<void>)[];
  /** A step of the stop failed; the others go on. Must not throw. */
  readonly report: (error: unknown) => void;
}

/** `start` rejects with what went wrong after everything was closed; `stop` waits for a start under way and never rejects. */
export function createLifecycle(steps: LifecycleSteps): Lifecycle {
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  async function close(): Promise<void> {
    for (const step of steps.stop) {
      try {
        await step();
      } catch (error) {
        steps.report(error);
      }
    }
  }

  async function begin(): Promise<void> {
    try {
      await steps.start();
    } catch (error) {
      // A stop that came meanwhile waits for this rejection, and closes by itself.
      if (stopping === null) await (stopping = close());
      throw error;
    }
  }

  async function end(): Promise<void> {
    await starting?.catch(() => undefined);
    await close();
  }

  return {
    start: async () => {
      if (stopping !== null) throw new KalendsError('shutting_down', 'what was stopped is not started again');
      await (starting ??= begin());
    },
    stop: () => (stopping ??= end()),
  };
}
