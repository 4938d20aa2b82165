/** `kalends ops sentinel`: what is normal for each kind of server, what is not, and whose removals are held. */
import type { Command } from 'commander';
import { command, run, type Json } from './ops-call.ts';

interface Which extends Json {
  readonly provider: string;
  readonly software?: string;
  readonly note?: string;
}

export const sentinelCommand = (): Command =>
  command('sentinel', 'kinds of servers: what they do lately against what is normal for them, alerts, held removals')
    .action((options: Json) => run('sentinel', {}, options, ['provider', 'software', 'removals', 'why', 'alerts']))
    .addCommand(wordCommand('hold', 'hold every removal of a kind of server from now on; additions and updates apply'))
    .addCommand(
      wordCommand('release', 'let removals of a kind of server go their usual way: each that was held is verified'),
    );

function wordCommand(word: 'hold' | 'release', description: string): Command {
  return command(word, description)
    .requiredOption('--provider <name>', 'e.g. caldav')
    .option('--software <name>', 'e.g. icloud; every software of the provider where it is left out')
    .option('--note <text>', 'why, for who comes next')
    .action((_: Json, made: Command) => {
      const { provider, software, note, json = false } = made.optsWithGlobals<Which>();
      const given = { ...(software === undefined ? {} : { software }), ...(note === undefined ? {} : { note }) };
      return run('breaker', { word, provider, ...given }, { json }, ['provider', 'software', 'removals', 'why']);
    });
}
