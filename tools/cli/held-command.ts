/** `kalends ops held`: removals that wait, and the operator's word about them. */
import type { Command } from 'commander';
import { command, run, type Json } from './ops-call.ts';

interface Which extends Json {
  readonly calendar?: string;
  readonly resource?: string;
  readonly note?: string;
}

const columns = ['resource_id', 'summary', 'reason', 'suspicious', 'since', 'checks', 'next_check'];

export const heldCommand = (): Command =>
  command('held <profile>', 'removals that wait for verification: which, why, since when')
    .action((profile: string, options: Json) => run('held', { profile }, options, columns))
    .addCommand(wordCommand('release', 'believe them: each is recorded as removed, on your word'))
    .addCommand(wordCommand('discard', 'forget the claims: the events stay as they are; a new claim is held anew'));

function wordCommand(word: 'release' | 'discard', description: string): Command {
  return command(`${word} <profile>`, description)
    .option('--calendar <id>', 'those of one calendar alone')
    .option('--resource <id>', 'one alone')
    .option('--note <text>', 'why: kept as the evidence')
    .action((profile: string, _: Json, made: Command) => {
      const { json = false, ...which } = made.optsWithGlobals<Which>();
      return run('settleHeld', { word, profile, ...which }, { json });
    });
}
