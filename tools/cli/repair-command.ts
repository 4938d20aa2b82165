/** `kalends ops repair`: putting right what a wrong server made Kalends believe. */
import { Command } from 'commander';
import { OpsCommand } from './ops-call.ts';

export const repairCommand = (): Command =>
  new Command('repair')
    .description('put right what a wrong server made Kalends believe')
    .option('--json', 'print JSON')
    .addCommand(
      new OpsCommand(
        'deletions',
        'report what servers made Kalends remove; with --yes look for it again and reinstate it',
        { action: 'repairDeletions', params: ({ yes = false, ...which }) => ({ ...which, carryOut: yes }) },
      )
        .requiredOption('--provider <name>', 'e.g. caldav')
        .option('--software <name>', 'e.g. icloud; every software of the provider where it is left out')
        .requiredOption('--since <time>', 'e.g. 90m, 36h, 7d, 2026-11-20T08:00:00Z')
        .option('--yes', 'carry it out: list the affected calendars anew and tell applications what is reinstated'),
    );
