/** One operator's command: its options, its question to the running process, its answer in print. */
import { Command } from 'commander';
import { withOperator } from './operator.ts';
import { print } from './print.ts';
import { settingsOf } from './settings.ts';

export interface Json {
  readonly json?: boolean;
}

export async function ask(
  action: string,
  params: object,
  options: Json,
  columns?: readonly string[],
): Promise<unknown> {
  const result = await withOperator(settingsOf(), (call) => call(`ops.${action}`, params));
  print(result, options.json ?? false, columns);
  return result;
}

export const run = async (...of: Parameters<typeof ask>): Promise<void> => void (await ask(...of));

/** `usage`: the name, then its arguments. */
export function command(usage: string, description: string): Command {
  const [name, ...args] = usage.split(' ');
  const made = new Command(name).description(description).option('--json', 'print JSON');
  return args.length === 0 ? made : made.arguments(args.join(' '));
}
