/** Every command of `kalends`. */
import { Command } from 'commander';
import { configCommand } from './config-command.ts';
import { connectCommand } from './connect-command.ts';
import { opsCommand } from './ops-commands.ts';
import { replCommand } from './repl-command.ts';
import { startCommand } from './start-command.ts';

export const program = (): Command =>
  new Command('kalends')
    .description('Kalends: a self-hosted calendar synchronisation and scheduling service')
    .showHelpAfterError('(kalends --help lists the commands)')
    .addCommand(startCommand())
    .addCommand(connectCommand())
    .addCommand(configCommand())
    .addCommand(opsCommand())
    .addCommand(replCommand())
    .exitOverride();
