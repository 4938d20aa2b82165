/** A seed as it runs: its world, its nodes, and what can be done to them. */
import type { ModelServer } from '../support/caldav-model/server.ts';
import type { Application } from './application.ts';
import type { Member, Party } from './cast.ts';
import type { NodeWorld, SimulatedNode } from './node.ts';
import type { People } from './people.ts';
import type { Plan } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import type { Watch } from './watch.ts';

export interface Simulation {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly server: ModelServer;
  readonly watch: Watch;
  readonly people: People;
  readonly cast: readonly Member[];
  /** Has an application calendar. */
  readonly here: Party;
  readonly world: NodeWorld;
  /** Those that live now. */
  nodes(): readonly SimulatedNode[];
  /** From now on nothing goes wrong any more, and nobody is away. */
  mend(): Promise<void>;
  /** Does something as that application, on a node that lives; what fails in passing is asked again later. */
  as(app: Application, node: number, act: (node: SimulatedNode) => Promise<unknown>): void;
  /** Calls of applications that have not been answered yet. */
  underWay(): number;
  step(): Promise<void>;
  trace(line: string): void;
}
