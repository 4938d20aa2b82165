/** Every command of `kalends`. */
import { Command } from 'commander';
import about from '../../package.json' with { type: 'json' };
import { configCommand } from './config-command.ts';
import { connectCommand } from './connect-command.ts';
import { opsCommand } from './ops-commands.ts';
import { replCommand } from './repl-command.ts';
import { startCommand } from './start-command.ts';

/** Rejects with a `CommanderError` instead of ending the process; `asJson`: without telling anybody by itself. */
export function program(asJson = false): Command {
  const kalends: Command = new Command('kalends')
    .description('Kalends: a self-hosted calendar synchronisation and scheduling service')
    .version(about.version, '--version', 'print the version')
    .addCommand(startCommand())
    .addCommand(connectCommand())
    .addCommand(configCommand())
    .addCommand(opsCommand())
    .addCommand(replCommand())
    // The library's own looks at the first word alone.
    .helpCommand(false)
    .addCommand(
      new Command('help')
        .argument('[command...]')
        .description('print the help of a command')
        .action((words: readonly string[]) => kalends.parseAsync([...words, '--help'], { from: 'user' }).then()),
    );
  settle(kalends, '', asJson);
  return kalends;
}

function settle(command: Command, above: string, asJson: boolean): void {
  const path = `${above}${command.name()}`;
  command.exitOverride().showHelpAfterError(`(\`${path} --help\` tells more)`);
  if (asJson) command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  for (const one of command.commands) settle(one, `${path} `, asJson);
}
