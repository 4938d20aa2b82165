/** `kalends config`: the effective settings, secrets masked, each with where it comes from. */
import { Command } from 'commander';
import { describeConfig } from '../../config/load.ts';
import { print } from './print.ts';
import { settingsOf } from './settings.ts';

export const configCommand = (): Command =>
  new Command('config')
    .description('print the effective settings, with secrets masked')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      print(describeConfig(settingsOf()), options.json ?? false, ['name', 'source', 'value']);
    });
