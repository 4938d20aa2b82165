/** `kalends ops`: looking at profiles and steering them. */
import { Command } from 'commander';
import { heldCommand } from './held-command.ts';
import { command, run, type Json } from './ops-call.ts';
import { rebuildCommand } from './rebuild-command.ts';
import { repairCommand } from './repair-command.ts';
import { sentinelCommand } from './sentinel-command.ts';

export function opsCommand(): Command {
  const ops = new Command('ops').description('look at profiles and steer them');
  const all = [...profileCommands(), ...truthCommands(), ...channelCommands(), ...appCommands()];
  for (const one of all) ops.addCommand(one);
  return ops;
}

const profileCommands = (): readonly Command[] => [
  command('profiles', 'list profiles').action((options: Json) =>
    run('profiles', {}, options, ['profile_id', 'provider', 'name', 'state', 'reason', 'calendars', 'seq', 'fresh_at']),
  ),
  profileCommand(
    'inspect',
    'everything that is known of a profile: state, reasons, what is owed and held, waiting writes',
  ),
  command('hosts', 'list hosts in trouble, and how many profiles wait for each').action((options: Json) =>
    run('hosts', {}, options, ['host', 'state', 'reason', 'since', 'next_probe_at', 'waiting_profiles']),
  ),
  profileCommand('nudge', 'pull every calendar of a profile now'),
  profileCommand('resync', 'forget sync tokens, list every calendar in full and compare'),
  profileCommand('reinstate', 'end the quarantine of a profile and its calendars now'),
  profileCommand('disconnect', 'end all work on a profile; what is cached stays'),
];

/** What happened, on what evidence, and what to do about it. */
const truthCommands = (): readonly Command[] => [
  command('explain <event>', 'who changed or removed an event, when, on what evidence')
    .option('--calendar <id>', "when <event> is an application's own event_id: its calendar")
    .action((event: string, options: Json & { calendar?: string }) =>
      run('explain', { event, ...(options.calendar === undefined ? {} : { calendar: options.calendar }) }, options),
    ),
  rebuildCommand(),
  heldCommand(),
  repairCommand(),
  sentinelCommand(),
];

const channelCommands = (): readonly Command[] => [
  command('channels', 'list open channels: how far each was told, what waits').action((options: Json) =>
    run('channels', {}, options, ['channel_id', 'callback_url', 'told_until', 'pending_since', 'failures']),
  ),
  command('deliveries <channel>', 'the last 100 attempts to notify a channel').action(
    (channel: string, options: Json) =>
      run('deliveries', { channel }, options, ['at', 'notification', 'attempt', 'status', 'took_ms', 'error']),
  ),
];

/** Applications, what they may do, and what their secrets are sealed with. */
const appCommands = (): readonly Command[] => [
  command('revoke <account>', "end every access of an account's application; calendars stay connected").action(
    (account: string, options: Json) => run('revoke', { account }, options),
  ),
  command('apps', 'list applications').action((options: Json) => run('apps', {}, options)),
  command('create-app <name>', 'register an application; prints its client secret this once').action(
    (name: string, options: Json) => run('createApp', { name }, options),
  ),
  command('add-secret <app>', 'add a client secret to an application, for rotation').action(
    (app: string, options: Json) => run('addSecret', { app }, options),
  ),
  command(
    'reseal',
    'after a new sealing key was put in front: seal everything with it, so that older ones can go',
  ).action((options: Json) => run('reseal', {}, options)),
];

function profileCommand(
  name: 'inspect' | 'nudge' | 'resync' | 'reinstate' | 'disconnect',
  description: string,
): Command {
  return command(`${name} <profile>`, description).action((profile: string, options: Json) =>
    run(name, { profile }, options),
  );
}
