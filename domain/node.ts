/** A node: one process of the cluster as the store knows it. */
import type { NodeId } from './ids.ts';

export interface NodeDoc {
  readonly _id: NodeId;
  readonly rev: number;
  /** Incremented by its own node alone; observers judge its advance on their own monotonic clocks. */
  readonly heartbeat: number;
  /** Changes at each start of the node. */
  readonly epoch: number;
  readonly roles: readonly string[];
  readonly startedAtMs: number;
}
