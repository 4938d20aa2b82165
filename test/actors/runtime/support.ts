/** A behaviour whose turns the test starts, watches and ends by hand. */
import type { Behaviour, Lane, TurnOutcome } from '../../../actors/runtime/behaviour.ts';

export const idle: TurnOutcome = { kind: 'idle', nextWakeAtMs: 0 };
export const more = (lane: Lane): TurnOutcome => ({ kind: 'more', lane });

export interface OpenTurn {
  readonly id: string;
  readonly lane: Lane;
  readonly signal: AbortSignal;
  end(outcome?: TurnOutcome): void;
  fail(error: Error): void;
}

export interface ManualBehaviour extends Behaviour<string> {
  /** Turns that run, in the order of their starts. */
  readonly open: OpenTurn[];
  /** Every turn ever started, as `id lane`. */
  readonly started: string[];
}

export function manualBehaviour(): ManualBehaviour {
  const open: OpenTurn[] = [];
  const started: string[] = [];
  return {
    open,
    started,
    turn(id, lane, signal) {
      started.push(`${id} ${lane}`);
      const { promise, resolve, reject } = Promise.withResolvers<TurnOutcome>();
      const close = (): void => void open.splice(open.indexOf(turn), 1);
      const turn: OpenTurn = {
        id,
        lane,
        signal,
        end(outcome = idle) {
          close();
          resolve(outcome);
        },
        fail(error) {
          close();
          reject(error);
        },
      };
      open.push(turn);
      return promise;
    },
  };
}

/** The only open turn of `id`; fails the test when there is none or more than one. */
export function turnOf(behaviour: ManualBehaviour, id: string): OpenTurn {
  const [turn, ...others] = behaviour.open.filter((candidate) => candidate.id === id);
  if (turn === undefined || others.length > 0) {
    throw new Error(
      `expected one open turn of ${id}; open: ${behaviour.open.map((t) => `${t.id} ${t.lane}`).join(', ')}`,
    );
  }
  return turn;
}
