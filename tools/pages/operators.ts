/** docs/operators.md: every operators' command with what it is called in the console, from the commands themselves. */
import type { Argument, Command, Option } from 'commander';
import { OpsCommand, type Given } from '../cli/ops-call.ts';
import { opsCommand } from '../cli/ops-commands.ts';
import { mark, table, type Page } from './page.ts';

const code = (text: string): string => `\`${text}\``;

/** All that ask something, however deep, each with the words that lead to it. */
function asking(command: Command, words: string): readonly (readonly [string, OpsCommand])[] {
  const path = `${words} ${command.name()}`;
  const below = command.commands.flatMap((one) => asking(one, path));
  return command instanceof OpsCommand ? [[path, command], ...below] : below;
}

const optionsOf = (command: Command): readonly Option[] => command.options.filter((one) => one.long !== '--json');
const argument = (one: Argument): string => `<${one.name()}>`;
const option = (one: Option): string => (one.mandatory ? one.flags : `[${one.flags}]`);

const typed = (path: string, command: OpsCommand): string =>
  [path, ...command.registeredArguments.map(argument), ...optionsOf(command).map(option)].join(' ');

/** The same question as parameters of the action: with what must be given, then what may be. */
function called(command: OpsCommand): string {
  const words = Object.fromEntries(command.registeredArguments.map((one) => [one.name(), argument(one)]));
  const placeholder = (one: Option): [string, string] => [one.attributeName(), /<.*>/.exec(one.flags)?.[0] ?? 'true'];
  const options = optionsOf(command);
  const asked = (given: Given): Record<string, unknown> => ({ ...command.asks.params({ ...words, ...given }) });
  const least = asked(Object.fromEntries(options.filter((one) => one.mandatory).map(placeholder)));
  const most = asked(Object.fromEntries(options.map(placeholder)));
  const flags = Object.entries(most).map(([name, value]) => {
    if (!(name in least)) return `[--${name} ${String(value)}]`;
    return least[name] === value ? `--${name} ${String(value)}` : `--${name} ${String(least[name])}|${String(value)}`;
  });
  return [`call ops.${command.asks.action}`, ...flags].join(' ');
}

const render = (): string =>
  [
    "# Operators' commands",
    '',
    mark,
    '',
    'Each is there twice: as a command, and as an action of the console (`npm run repl`), where results are kept whole and can',
    'be called again. Every command also takes `--json`: the answer is one line of JSON on standard output, and a complaint one',
    'line of JSON on standard error, `{"error":{"code","message","next","ids","asked"}}` with a code of [errors](errors.md), also',
    'when the command is misspelt; what happened is in `message`, what to do in `next`. `--json` stands anywhere behind `ops`. The',
    'status is 0 when it was done, 1 when it was not, or when `rebuild --compare` finds a difference or never a moment of rest, or',
    'when `reseal` meets what no key opens.',
    '',
    table(
      ['command', 'in the console', 'what it does'],
      asking(opsCommand(), 'kalends').map(([path, one]) => [
        code(typed(path, one)),
        code(called(one)),
        one.description(),
      ]),
    ),
    '',
    '`kalends connect` asks `ops.connect`, with the password from standard input. `kalends config` and `kalends start` ask nobody.',
    '',
  ].join('\n');

export const operatorsPage: Page = { path: 'docs/operators.md', render: () => Promise.resolve(render()) };
