/** `kalends repl`: Moleculer's REPL with the operators' actions, on the process that runs or on the store itself. */
import type { REPLServer } from 'node:repl';
import { Command } from 'commander';
import moleculer from 'moleculer';
import type { Context } from 'moleculer';
import { brokerOptions } from '../../moleculer.config.ts';
import { opsActions } from '../../services/ops.service.ts';
import { openOperator } from './operator.ts';
import { settingsOf } from './settings.ts';

export const replCommand = (): Command =>
  new Command('repl')
    .description("operators' console: `call ops.profiles`, `call ops.inspect --profile pro_…`")
    .action(repl);

async function repl(): Promise<void> {
  const config = settingsOf();
  const operator = await openOperator(config);
  const broker = new moleculer.ServiceBroker(brokerOptions({ ...config, natsUrl: null }, `repl-${process.pid}`));
  const forward = (action: string) => (ctx: Context<object>) => operator.call(`ops.${action}`, ctx.params);
  broker.createService({
    name: 'ops',
    actions: Object.fromEntries(opsActions.map((action) => [action, forward(action)])),
  });
  await broker.start();
  // Its types say that it answers nothing; it answers the console.
  const console = broker.repl() as unknown as REPLServer;
  console.on('exit', () => void operator.close());
}
