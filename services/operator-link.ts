/** The way from an operator's command into a running cluster: a node without services that asks whoever runs `ops`. */
import moleculer from 'moleculer';
import type { Config } from '../config/schema.ts';
import { newNodeId } from '../domain/ids.ts';
import { brokerOptions } from '../moleculer.config.ts';
import type { OpsCall } from './control-socket.ts';
import { systemClock, systemRandom } from './system-clock.ts';

export interface OperatorLink {
  readonly call: OpsCall;
  close(): Promise<void>;
}

/** Who is there answers within half a second of the question, and was asked while the broker started. */
const patienceMs = 1_000;
const askAgainMs = 100;

/**
 * Null when NATS is away or nobody in the cluster runs `ops`. The name of this node is always a new one: with the name
 * of the process beside it, which shares its settings, Moleculer would end both.
 */
export async function joinCluster(config: Config): Promise<OperatorLink | null> {
  const broker = new moleculer.ServiceBroker(
    brokerOptions(config, `operator-${newNodeId(systemClock.now(), systemRandom)}`),
  );
  await broker.start();
  try {
    await broker.waitForServices('ops', patienceMs, askAgainMs);
  } catch {
    await broker.stop();
    return null;
  }
  // As long as it takes: a rebuild of everything is longer than any time-out of a call.
  return {
    call: (action, params) => broker.call(action, params, { timeout: 0 }),
    close: () => broker.stop(),
  };
}
