/** `kalends repl`: Moleculer's REPL with the operators' actions, on the process that runs or on the store itself. */
import { inspect, type InspectOptions } from 'node:util';
import { Command } from 'commander';
import moleculer from 'moleculer';
import type { Context } from 'moleculer';
import { brokerOptions } from '../../moleculer.config.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { opsActions } from '../../services/ops.service.ts';
import { startConsole } from './console.ts';
import { nextStep } from './next-steps.ts';
import { openOperator } from './operator.ts';
import { tell } from './ops-call.ts';
import { rebuildEach } from './rebuild-command.ts';
import { settingsOf } from './settings.ts';

export const replCommand = (): Command =>
  new Command('repl')
    .description("operators' console: `call ops.profiles`, `call ops.inspect --profile pro_…`")
    .action(repl);

async function repl(): Promise<void> {
  const config = settingsOf();
  const operator = await openOperator(config);
  // A person waits as long as it takes: a rebuild of everything is longer than the time-out of a call.
  const options = { ...brokerOptions({ ...config, natsUrl: null }, `repl-${process.pid}`), requestTimeout: 0 };
  const broker = new moleculer.ServiceBroker(options);
  const forward = (action: string) => (ctx: Context<object>) =>
    forPeople(() => operator.call(`ops.${action}`, ctx.params));
  const rebuild = (ctx: Context<object>) => forPeople(() => rebuildEach(operator.call, ctx.params, tell));
  broker.createService({
    name: 'ops',
    actions: { ...Object.fromEntries(opsActions.map((action) => [action, forward(action)])), rebuild },
  });
  await broker.start();
  if (process.stdin.isTTY) process.stdout.write(`call ${opsActions.map((one) => `ops.${one}`).join(', ')}\n`);
  startConsole(broker).on('exit', () => void operator.close());
}

/** The console shows four levels of what it is given, and of an error its stack alone. */
async function forPeople(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    const answer = await ask();
    if (typeof answer !== 'object' || answer === null) return answer;
    const whole = (_depth: number, options: InspectOptions): string =>
      inspect(answer, { ...options, depth: null, customInspect: false });
    return Object.defineProperty(answer, inspect.custom, { value: whole });
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    throw Object.assign(error, { stack: [error.message, nextStep(error) ?? ''].join('\n').trim() });
  }
}
