/** `kalends start`: runs the services of the settings until it is told to stop. */
import { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { listen } from '../../services/control-socket.ts';
import { createLog } from '../../services/log.ts';
import { createNode } from '../../services/wiring.ts';
import { settingsOf } from './settings.ts';

export const startCommand = (): Command =>
  new Command('start').description('run the service; SERVICES chooses which parts run in this process').action(start);

/** Prints its one line when every service does its work: whoever waits for the line may call at once. */
async function start(): Promise<void> {
  const config = settingsOf();
  dieOfFaults(config);
  const node = createNode(config);
  const control: { close?: () => Promise<void> } = {};
  stopWhenTold(async () => {
    await control.close?.();
    await node.stop();
  });
  await node.start();
  if (config.store.kind === 'sqlite') control.close = await operators(config, node);
  const url = node.gatewayUrl();
  process.stdout.write(
    `${JSON.stringify({ started: true, services: config.services, ...(url === null ? {} : { url }), pid: process.pid })}\n`,
  );
}

async function operators(config: Config, node: ReturnType<typeof createNode>): Promise<() => Promise<void>> {
  try {
    const socket = await listen(config.dataDir, (action, params) => node.broker.call(action, params, { timeout: 0 }));
    return () => socket.close();
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
