/** `kalends ops held`: removals that wait, and the operator's word about them. */
import type { Command } from 'commander';
import { OpsCommand } from './ops-call.ts';

export const heldCommand = (): Command =>
  new OpsCommand('held <profile>', 'removals that wait for verification: which, why, since when', {
    action: 'held',
    columns: ['resource_id', 'summary', 'reason', 'suspicious', 'since', 'checks', 'next_check'],
  })
    .addCommand(wordCommand('release', 'believe them: each is recorded as removed, on your word'))
    .addCommand(wordCommand('discard', 'forget the claims: the events stay as they are; a new claim is held anew'));

const wordCommand = (word: 'release' | 'discard', description: string): Command =>
  new OpsCommand(`${word} <profile>`, description, {
    action: 'settleHeld',
    params: (given) => ({ word, ...given }),
  })
    .option('--calendar <id>', 'those of one calendar alone')
    .option('--resource <id>', 'one alone')
    .option('--note <text>', 'why: kept as the evidence');
