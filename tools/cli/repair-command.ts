/** `kalends ops repair`: putting right what a wrong server made Kalends believe. */
import { Command } from 'commander';
import { command, run, type Json } from './ops-call.ts';

interface Which extends Json {
  readonly provider: string;
  readonly software?: string;
  readonly since: string;
  readonly yes?: boolean;
}

export const repairCommand = (): Command =>
  new Command('repair').description('put right what a wrong server made Kalends believe').addCommand(
    command('deletions', 'report what servers made Kalends remove; with --yes look for it again and reinstate it')
      .requiredOption('--provider <name>', 'e.g. caldav')
      .option('--software <name>', 'e.g. icloud; every software of the provider where it is left out')
      .requiredOption('--since <time>', 'e.g. 90m, 36h, 7d, 2026-11-20T08:00:00Z')
      .option('--yes', 'carry it out: list the affected calendars anew and tell applications what is reinstated')
      .action(({ provider, software, since, yes = false, json = false }: Which) => {
        const which = software === undefined ? { provider, since } : { provider, software, since };
        return run('repairDeletions', { ...which, carryOut: yes }, { json });
      }),
  );
