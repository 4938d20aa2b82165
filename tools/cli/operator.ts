/** Where operators' actions are carried out: in the process that runs, in the cluster, or here when nothing runs. */
import type { Config } from '../../config/schema.ts';
import { createNode } from '../../services/wiring.ts';
import { dial, type OpsCall } from '../../services/control-socket.ts';

export interface Operator {
  readonly call: OpsCall;
  close(): Promise<void>;
}

/**
 * With the embedded store one process has it open: it is asked through its socket; when there is none, this process
 * opens the store itself. With MongoDB this process joins with the `ops` service alone.
 */
export async function openOperator(config: Config): Promise<Operator> {
  const running = config.store.kind === 'sqlite' ? await dial(config.dataDir) : null;
  if (running !== null) {
    return {
      call: running.call,
      close: async () => running.close(),
    };
  }
  const node = createNode(
    { ...config, natsUrl: config.store.kind === 'sqlite' ? null : config.natsUrl },
    {
      services: ['ops'],
    },
  );
  await node.start();
  return { call: (action, params) => node.broker.call(action, params), close: () => node.stop() };
}

export async function withOperator<T>(config: Config, work: (call: OpsCall) => Promise<T>): Promise<T> {
  const operator = await openOperator(config);
  try {
    return await work(operator.call);
  } finally {
    await operator.close();
  }
}
