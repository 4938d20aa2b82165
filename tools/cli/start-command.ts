/** `kalends start`: runs the services of the settings until it is told to stop. */
import { Command } from 'commander';
import { createNode } from '../../services/wiring.ts';
import { listen } from '../../services/control-socket.ts';
import { settingsOf } from './settings.ts';

export const startCommand = (): Command =>
  new Command('start').description('run the service; SERVICES chooses which parts run in this process').action(start);

async function start(): Promise<void> {
  const config = settingsOf();
  const node = createNode(config);
  await node.start();
  const control =
    config.store.kind === 'sqlite'
      ? await listen(config.dataDir, (action, params) => node.broker.call(action, params))
      : null;
  const url = node.gatewayUrl();
  process.stdout.write(
    `${JSON.stringify({ started: true, services: config.services, ...(url === null ? {} : { url }), pid: process.pid })}\n`,
  );
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void (async () => {
      await control?.close();
      await node.stop();
      process.exit(0);
    })();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
