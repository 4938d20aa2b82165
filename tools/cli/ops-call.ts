/** One operator's command: its options, its question to the running process, its answer in print. */
import { Command } from 'commander';
import { withOperator } from './operator.ts';
import { print } from './print.ts';
import { settingsOf } from './settings.ts';

export interface Json {
  readonly json?: boolean;
}

export async function run(action: string, params: object, options: Json, columns?: readonly string[]): Promise<void> {
  print(await withOperator(settingsOf(), (call) => call(`ops.${action}`, params)), options.json ?? false, columns);
}

/** `usage`: the name, then its arguments. */
export function command(usage: string, description: string): Command {
  const [name, ...args] = usage.split(' ');
  const made = new Command(name).description(description).option('--json', 'print JSON');
  return args.length === 0 ? made : made.arguments(args.join(' '));
}
