/** `kalends start`: runs the services of the settings until it is told to stop. */
import { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { listen } from '../../services/control-socket.ts';
import { createLog } from '../../services/log.ts';
import { createNode, type KalendsNode } from '../../services/wiring.ts';
import { settingsOf } from './settings.ts';

export const startCommand = (): Command =>
  new Command('start')
    .description('run the service; SERVICES chooses which parts run in this process')
    .option('--json', 'print complaints as JSON; the line that says that it runs always is')
    .action(() => start());

/** Prints its one line when every service does its work: whoever waits for the line may call at once. */
async function start(): Promise<void> {
  const config = settingsOf();
  dieOfFaults(config);
  const running: { node?: KalendsNode; control?: { close(): Promise<void> } } = {};
  stopWhenTold(async () => {
    await running.control?.close();
    await running.node?.stop();
  });
  const node = createNode(config);
  running.node = node;
  await node.start();
  if (config.store.kind === 'sqlite') running.control = await operators(config, node);
  const url = node.gatewayUrl();
  process.stdout.write(
    `${JSON.stringify({ started: true, services: config.services, ...(url === null ? {} : { url }), pid: process.pid })}\n`,
  );
}

/** A socket in the data directory; without it operators could not reach the store that this process has open. */
async function operators(config: Config, node: KalendsNode): Promise<{ close(): Promise<void> }> {
  try {
    return await listen(config.dataDir, (action, params) => node.broker.call(action, params, { timeout: 0 }));
  } catch (error) {
    await node.stop();
    throw error;
  }
}

/** What nobody expected leaves a state that nobody knows: what is durable is found again at the next start. */
function dieOfFaults({ logLevel }: Config): void {
  const log = createLog(logLevel);
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'a fault that nobody expected ends this process');
    process.exit(1);
  });
}

/** Also in the middle of a start. A second signal ends the process at once: a person waits. */
function stopWhenTold(stop: () => Promise<void>): void {
  let stopping = false;
  const told = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    void stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', told);
  process.on('SIGINT', told);
}
