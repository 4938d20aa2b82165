/** A second thread that sees when the first one does not come back: says on which input, and ends the process. */
import { Worker } from 'node:worker_threads';

const headBytes = 8;

/** Runs as JavaScript in a thread of its own: the first one may be inside an endless loop. */
const script = `
const { workerData: { shared, patienceMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const head = new Int32Array(shared, 0, 2);
const idle = new Int32Array(new SharedArrayBuffer(4));
let seen = 0;
for (;;) {
  Atomics.wait(idle, 0, 0, patienceMs);
  const turn = Atomics.load(head, 0);
  if (turn > 0 && turn === seen) {
    const input = Buffer.from(new Uint8Array(shared, ${headBytes}, Atomics.load(head, 1))).toString('utf8');
    writeSync(2, 'no end after ' + patienceMs + ' ms: ' + JSON.stringify(input) + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  seen = turn;
}
`;

export interface Watchdog {
  /** `input` is being worked on from now. */
  begin(input: string): void;
  /** Nothing is being worked on. */
  rest(): void;
  stop(): Promise<void>;
}

/** It strikes after one to two times `patienceMs` on one input: far more than any input may need. */
export function watchdog(patienceMs: number): Watchdog {
  const shared = new SharedArrayBuffer(headBytes + 1024 * 1024);
  const head = new Int32Array(shared, 0, 2);
  const bytes = new Uint8Array(shared, headBytes);
  const worker = new Worker(script, { eval: true, execArgv: [], workerData: { shared, patienceMs } });
  worker.unref();
  let turn = 0;
  return {
    begin: (input) => {
      Atomics.store(head, 1, new TextEncoder().encodeInto(input, bytes).written);
      turn = (turn % 0x7fff_fffe) + 1;
      Atomics.store(head, 0, turn);
    },
    rest: () => void Atomics.store(head, 0, 0),
    stop: async () => void (await worker.terminate()),
  };
}
