/** A whole node as a process that kills itself (SIGKILL, at once) at the boundary that it was given. */
import { writeSync } from 'node:fs';
import { createNode } from '../../services/wiring.ts';
import { settingsFor } from '../support/node-under-test.ts';
import { aroundWith, type Boundary, type Watcher } from './boundaries.ts';

export interface Orders {
  readonly dataDir: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly webhookOrigin: string;
  /** Null: it lives until it is told to stop. */
  readonly death: {
    readonly boundary: Boundary;
    /** At the passing with this number, from 1, … */
    readonly passing: number;
    /** … of those with at least so many intents in flight. */
    readonly leastOpen: number;
  } | null;
}

/** What it says, a line of JSON each; written so that it is out before the process is gone. */
export type Said =
  | { readonly said: 'opened'; readonly open: number }
  | { readonly said: 'ready'; readonly url: string }
  | { readonly said: 'died'; readonly boundary: Boundary; readonly open: number };

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const say = (what: Said): void => void writeSync(1, `${JSON.stringify(what)}\n`);

let open = 0;
let passings = 0;

function due(boundary: Boundary): boolean {
  const { death } = orders;
  if (death === null || death.boundary !== boundary || open < death.leastOpen) return false;
  passings += 1;
  return passings === death.passing;
}

const watcher: Watcher = {
  pass: (boundary) => {
    if (due(boundary)) watcher.die();
  },
  duringRequest: () => due('request under way'),
  die: () => {
    say({ said: 'died', boundary: orders.death?.boundary ?? 'request under way', open });
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  },
  opened: (count) => {
    open = count;
    say({ said: 'opened', open });
  },
  accepted: () => {
    open += 1;
  },
  settled: () => {
    open -= 1;
  },
};

const node = createNode(settingsFor(orders.dataDir, orders.settings), {
  around: aroundWith(watcher, orders.webhookOrigin),
});

/** Operators' calls and the order to stop come from the parent. */
process.on('message', (message: { id: number; action: string; params: object }) => {
  void (async () => {
    if (message.action === 'stop') {
      await node.stop();
      process.exit(0);
    }
    try {
      if (message.action === 'open') process.send?.({ id: message.id, result: open });
      else process.send?.({ id: message.id, result: await node.broker.call(message.action, message.params) });
    } catch (error) {
      process.send?.({ id: message.id, error: String(error) });
    }
  })();
});

await node.start();
say({ said: 'ready', url: node.gatewayUrl() ?? '' });
