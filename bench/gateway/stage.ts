/** What the gateway bench is played on: the processes, and one way to ask. */
import type { Subject } from '../kit/processes.ts';
import type { Answered, Asked } from './asking.ts';
import type { Filled } from './kalends.ts';

export interface GatewaySize {
  readonly events: number;
  /** Requests of one measurement. */
  readonly reads: number;
  readonly writes: number;
}

export interface Stage {
  readonly size: GatewaySize;
  readonly folder: string;
  readonly filled: Filled;
  readonly barePorts: { readonly gateway: number; readonly node: number };
  readonly client: Subject;
}

export const connectionCounts = [1, 64] as const;

/** A Monday: ten events lie on this day and on each one after it. */
export const firstDayMs = Date.UTC(2027, 0, 4);

/** How many requests go before those that are measured: a service runs for weeks, its code is warm. */
export const warmUp = (requests: number): number => requests;

/** Measures once, with warm code. */
export async function askWarm(
  client: Subject,
  question: Omit<Asked, 'connections' | 'requests'>,
  connections: number,
  requests: number,
): Promise<Answered> {
  await client.ask<Answered>('run', { ...question, connections, requests: warmUp(requests) });
  return client.ask<Answered>('run', { ...question, connections, requests });
}
