/** The operators' service: the REPL, the CLI and later the dashboard call these actions and nothing else. */
import type { Context, ServiceSchema } from 'moleculer';
import { KalendsError } from '../domain/errors.ts';
import type { AppId } from '../domain/ids.ts';
import { asAccountId, asProfileId } from '../domain/ids.ts';
import type { PlainRequest } from '../domain/profile.ts';
import { addClientSecret, createApp } from './auth/registry.ts';
import { listChannels, listDeliveries } from './ops/channels.ts';
import { connect, type ConnectInput } from './ops/connect.ts';
import { ask } from './ops/ask.ts';
import type { OpsContext } from './ops/context.ts';
import { explain, type ExplainInput } from './ops/explain.ts';
import { listHeld, sayOfHeld, type HeldWord } from './ops/held.ts';
import { listHosts } from './ops/hosts.ts';
import { inspectProfile, listProfiles } from './ops/profiles.ts';
import { rebuild } from './ops/rebuild.ts';
import { repairDeletions, type RepairInput } from './ops/repair.ts';
import { reseal } from './ops/reseal.ts';
import { revokeAccess } from './ops/revoke.ts';
import { listSentinel, sayOfBreaker, type BreakerWord } from './ops/sentinel.ts';

/** The names of the actions, for the CLI and the REPL. */
export const opsActions = [
  'profiles',
  'inspect',
  'hosts',
  'nudge',
  'resync',
  'reinstate',
  'disconnect',
  'revoke',
  'channels',
  'deliveries',
  'explain',
  'rebuild',
  'held',
  'settleHeld',
  'repairDeletions',
  'sentinel',
  'breaker',
  'reseal',
  'connect',
  'apps',
  'createApp',
  'addSecret',
] as const;
export type OpsAction = (typeof opsActions)[number];

/** What an action cannot do without; whoever calls it by hand, e.g. in the console, may leave it out. */
const needs: Partial<Record<OpsAction, readonly string[]>> = {
  inspect: ['profile'],
  nudge: ['profile'],
  resync: ['profile'],
  reinstate: ['profile'],
  disconnect: ['profile'],
  revoke: ['account'],
  deliveries: ['channel'],
  explain: ['event'],
  held: ['profile'],
  settleHeld: ['word', 'profile'],
  repairDeletions: ['provider', 'since'],
  breaker: ['word', 'provider'],
  connect: ['provider', 'app', 'address', 'credentials'],
  createApp: ['name'],
  addSecret: ['app'],
};

function demandAll(action: OpsAction, params: Readonly<Record<string, unknown>>): void {
  const missing = (needs[action] ?? []).filter((name) => params[name] === undefined);
  if (missing.length === 0) return;
  throw new KalendsError('invalid_input', `ops.${action} needs ${missing.join(' and ')}`, {
    next: `call ops.${action} ${missing.map((name) => `--${name} …`).join(' ')}`,
  });
}

export function createOpsService(context: OpsContext): ServiceSchema {
  const request = (kind: PlainRequest) => (ctx: Context<{ profile: string }>) =>
    ask(context, asProfileId(ctx.params.profile), kind);
  const actions: Record<OpsAction, (ctx: Context<never>) => Promise<unknown>> = {
    profiles: () => listProfiles(context),
    inspect: (ctx: Context<{ profile: string }>) => inspectProfile(context, asProfileId(ctx.params.profile)),
    hosts: () => listHosts(context),
    nudge: request('pull'),
    resync: request('resync'),
    reinstate: request('reinstate'),
    disconnect: request('disconnect'),
    revoke: (ctx: Context<{ account: string }>) => revokeAccess(context, asAccountId(ctx.params.account)),
    channels: () => listChannels(context),
    deliveries: (ctx: Context<{ channel: string }>) => listDeliveries(context, ctx.params.channel),
    explain: (ctx: Context<ExplainInput>) => explain(context, ctx.params),
    rebuild: (ctx: Context<{ profile?: string; compare?: boolean }>) =>
      rebuild(context, {
        profileId: ctx.params.profile === undefined ? null : asProfileId(ctx.params.profile),
        compare: ctx.params.compare ?? true,
      }),
    held: (ctx: Context<{ profile: string }>) => listHeld(context, asProfileId(ctx.params.profile)),
    settleHeld: (ctx: Context<HeldWord>) => sayOfHeld(context, ctx.params),
    repairDeletions: (ctx: Context<RepairInput>) => repairDeletions(context, ctx.params),
    sentinel: () => listSentinel(context),
    breaker: (ctx: Context<BreakerWord>) => sayOfBreaker(context, ctx.params),
    reseal: () => reseal(context),
    connect: (ctx: Context<ConnectInput>) => connect(context, ctx.params),
    apps: async () => {
      const apps = await context.documents.find('allApps', {});
      return apps.map((one) => ({
        app_id: one._id,
        name: one.name,
        client_id: one.clientId,
        secrets: one.secrets.length,
      }));
    },
    createApp: async (ctx: Context<{ name: string }>) => {
      const { app, clientSecret } = await createApp(context, ctx.params.name);
      return { app_id: app._id, name: app.name, client_id: app.clientId, client_secret: clientSecret };
    },
    addSecret: async (ctx: Context<{ app: AppId }>) => ({
      client_secret: await addClientSecret(context, ctx.params.app),
    }),
  };
  const checked = opsActions.map((name) => [
    name,
    async (ctx: Context<never>) => {
      demandAll(name, ctx.params);
      return actions[name](ctx);
    },
  ]);
  return { name: 'ops', actions: Object.fromEntries(checked) as ServiceSchema['actions'] & object };
}
