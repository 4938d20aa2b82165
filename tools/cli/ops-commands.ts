/** `kalends ops`: looking at profiles and steering them. */
import { Command } from 'commander';
import { heldCommand } from './held-command.ts';
import { command, run, type Json } from './ops-call.ts';
import { rebuildCommand } from './rebuild-command.ts';
import { repairCommand } from './repair-command.ts';
import { sentinelCommand } from './sentinel-command.ts';

export const opsCommand = (): Command =>
  new Command('ops')
    .description('look at profiles and steer them')
    .addCommand(
      command('profiles', 'list profiles').action((options: Json) =>
        run('profiles', {}, options, [
          'profile_id',
          'provider',
          'name',
          'state',
          'reason',
          'calendars',
          'seq',
          'fresh_at',
        ]),
      ),
    )
    .addCommand(
      profileCommand(
        'inspect',
        'everything that is known of a profile: state, reasons, what is owed and held, waiting writes',
      ),
    )
    .addCommand(
      command('hosts', 'list hosts in trouble, and how many profiles wait for each').action((options: Json) =>
        run('hosts', {}, options, ['host', 'state', 'reason', 'since', 'next_probe_at', 'waiting_profiles']),
      ),
    )
    .addCommand(profileCommand('nudge', 'pull every calendar of a profile now'))
    .addCommand(profileCommand('resync', 'forget sync tokens, list every calendar in full and compare'))
    .addCommand(profileCommand('reinstate', 'end the quarantine of a profile and its calendars now'))
    .addCommand(profileCommand('disconnect', 'end all work on a profile; what is cached stays'))
    .addCommand(
      command('explain <event>', 'who changed or removed an event, when, on what evidence')
        .option('--calendar <id>', "when <event> is an application's own event_id: its calendar")
        .action((event: string, options: Json & { calendar?: string }) =>
          run('explain', { event, ...(options.calendar === undefined ? {} : { calendar: options.calendar }) }, options),
        ),
    )
    .addCommand(rebuildCommand())
    .addCommand(heldCommand())
    .addCommand(repairCommand())
    .addCommand(sentinelCommand())
    .addCommand(
      command('channels', 'list open channels: how far each was told, what waits').action((options: Json) =>
        run('channels', {}, options, ['channel_id', 'callback_url', 'told_until', 'pending_since', 'failures']),
      ),
    )
    .addCommand(
      command('deliveries <channel>', 'the last 100 attempts to notify a channel').action(
        (channel: string, options: Json) =>
          run('deliveries', { channel }, options, ['at', 'notification', 'attempt', 'status', 'took_ms', 'error']),
      ),
    )
    .addCommand(
      command('revoke <account>', "end every access of an account's application; calendars stay connected").action(
        (account: string, options: Json) => run('revoke', { account }, options),
      ),
    )
    .addCommand(command('apps', 'list applications').action((options: Json) => run('apps', {}, options)))
    .addCommand(
      command('create-app <name>', 'register an application; prints its client secret this once').action(
        (name: string, options: Json) => run('createApp', { name }, options),
      ),
    )
    .addCommand(
      command('add-secret <app>', 'add a client secret to an application, for rotation').action(
        (app: string, options: Json) => run('addSecret', { app }, options),
      ),
    )
    .addCommand(
      command(
        'reseal',
        'after a new sealing key was put in front: seal everything with it, so that older ones can go',
      ).action((options: Json) => run('reseal', {}, options)),
    );

function profileCommand(
  name: 'inspect' | 'nudge' | 'resync' | 'reinstate' | 'disconnect',
  description: string,
): Command {
  return command(`${name} <profile>`, description).action((profile: string, options: Json) =>
    run(name, { profile }, options),
  );
}
