/** `kalends ops`: looking at profiles and steering them. */
import { Command } from 'commander';
import { heldCommand } from './held-command.ts';
import type { ResealOutcome } from '../../services/ops/reseal.ts';
import { OpsCommand } from './ops-call.ts';
import { rebuildCommand } from './rebuild-command.ts';
import { repairCommand } from './repair-command.ts';
import { sentinelCommand } from './sentinel-command.ts';

export function opsCommand(): Command {
  const ops = new Command('ops').description('look at profiles and steer them').option('--json', 'print JSON');
  const all = [...profileCommands(), ...truthCommands(), ...channelCommands(), ...appCommands()];
  for (const one of all) ops.addCommand(one);
  return ops;
}

const profileCommands = (): readonly Command[] => [
  new OpsCommand('profiles', 'list profiles', {
    action: 'profiles',
    columns: ['profile_id', 'state', 'reason', 'fresh_at', 'account_id', 'provider', 'host', 'name'],
  }),
  new OpsCommand(
    'inspect <profile>',
    'everything that is known of a profile: state, reasons, what is owed and held, waiting writes',
    { action: 'inspect' },
  ),
  new OpsCommand('hosts', 'list hosts in trouble, and how many profiles wait for each', {
    action: 'hosts',
    columns: ['host', 'state', 'reason', 'since', 'next_probe_at', 'waiting_profiles'],
  }),
  new OpsCommand('nudge <profile>', 'pull every calendar of a profile now', { action: 'nudge' }),
  new OpsCommand('resync <profile>', 'forget sync tokens, list every calendar in full and compare', {
    action: 'resync',
  }),
  new OpsCommand('reinstate <profile>', 'end the quarantine of a profile and its calendars now', {
    action: 'reinstate',
  }),
  new OpsCommand('disconnect <profile>', 'end all work on a profile; what is cached stays', {
    action: 'disconnect',
  }),
];

/** What happened, on what evidence, and what to do about it. */
const truthCommands = (): readonly Command[] => [
  new OpsCommand('explain <event>', 'who changed or removed an event, when, on what evidence', {
    action: 'explain',
  }).option('--calendar <id>', "when <event> is an application's own event_id: its calendar"),
  rebuildCommand(),
  heldCommand(),
  repairCommand(),
  sentinelCommand(),
];

const channelCommands = (): readonly Command[] => [
  new OpsCommand('channels', 'list open channels: how far each was told, what waits', {
    action: 'channels',
    columns: ['channel_id', 'told_until', 'pending_since', 'next_attempt_at', 'failures', 'callback_url'],
  }),
  new OpsCommand('deliveries <channel>', 'the last 100 attempts to notify a channel', {
    action: 'deliveries',
    columns: ['at', 'notification', 'attempt', 'status', 'took_ms', 'error'],
  }),
];

/** Applications, what they may do, and what their secrets are sealed with. */
const appCommands = (): readonly Command[] => [
  new OpsCommand('revoke <account>', "end every access of an account's application; calendars stay connected", {
    action: 'revoke',
  }),
  new OpsCommand('apps', 'list applications', { action: 'apps' }),
  new OpsCommand('create-app <name>', 'register an application; prints its client secret this once', {
    action: 'createApp',
  }),
  new OpsCommand('add-secret <app>', 'add a client secret to an application, for rotation', { action: 'addSecret' }),
  new OpsCommand(
    'reseal',
    'after a new sealing key was put in front: seal everything with it, so that older ones can go',
    { action: 'reseal', status: (answer) => ((answer as ResealOutcome).unsealable === 0 ? 0 : 1) },
  ),
];
