/** Where operators' actions are carried out: in the process that runs, in the cluster, or here when nothing runs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { KalendsError } from '../../domain/errors.ts';
import { dial, type OpsCall } from '../../services/control-socket.ts';
import { joinCluster } from '../../services/operator-link.ts';
import { createNode, storeFile } from '../../services/wiring.ts';

export interface Operator {
  readonly call: OpsCall;
  close(): Promise<void>;
}

/**
 * With the embedded store one process has it open: it is asked through its socket. With MongoDB and NATS whichever
 * process of the cluster runs `ops` is asked. Where there is neither, this process opens the store and does it itself.
 * Rejects with `configuration_invalid` where that is a file which is not there: only `kalends start` begins one, or else
 * a command in the wrong directory would.
 */
export async function openOperator(config: Config): Promise<Operator> {
  const running = await runningOperator(config);
  if (running !== null) return running;
  if (config.store.kind === 'sqlite' && !existsSync(storeFile(config))) {
    throw new KalendsError('configuration_invalid', `there is no data of Kalends in ${resolve(config.dataDir)}`, {
      next: 'run this where `kalends start` was run, or say where that is with KALENDS_DATA_DIR; on a new machine run `kalends start` first',
    });
  }
  return ownOperator(config);
}

async function runningOperator(config: Config): Promise<Operator | null> {
  if (config.store.kind !== 'sqlite') return config.natsUrl === null ? null : joinCluster(config);
  const running = await dial(config.dataDir);
  return running === null ? null : { call: running.call, close: async () => running.close() };
}

async function ownOperator(config: Config): Promise<Operator> {
  const natsUrl = config.store.kind === 'sqlite' ? null : config.natsUrl;
  // Without the name in the settings: it belongs to the process that `kalends start` runs.
  const node = createNode({ ...config, natsUrl, nodeId: null }, { services: ['ops'] });
  await node.start();
  return {
    call: (action, params) => node.broker.call(action, params, { timeout: 0 }),
    close: () => node.stop(),
  };
}

export async function withOperator<T>(config: Config, work: (call: OpsCall) => Promise<T>): Promise<T> {
  const operator = await openOperator(config);
  try {
    return await work(operator.call);
  } finally {
    await operator.close();
  }
}
