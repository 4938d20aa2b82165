/** `kalends ops sentinel`: what is normal for each kind of server, what is not, and whose removals are held. */
import type { Command } from 'commander';
import { OpsCommand } from './ops-call.ts';

export const sentinelCommand = (): Command =>
  new OpsCommand(
    'sentinel',
    'kinds of servers: what they do lately against what is normal for them, alerts, held removals',
    { action: 'sentinel', columns: ['provider', 'software', 'removals', 'why', 'alerts'] },
  )
    .addCommand(wordCommand('hold', 'hold every removal of a kind of server from now on; additions and updates apply'))
    .addCommand(
      wordCommand('release', 'let removals of a kind of server go their usual way: each that was held is verified'),
    );

const wordCommand = (word: 'hold' | 'release', description: string): Command =>
  new OpsCommand(word, description, {
    action: 'breaker',
    params: (given) => ({ word, ...given }),
    columns: ['provider', 'software', 'removals', 'why'],
  })
    .requiredOption('--provider <name>', 'e.g. caldav')
    .option('--software <name>', 'e.g. icloud; every software of the provider where it is left out')
    .option('--note <text>', 'why, for who comes next');
