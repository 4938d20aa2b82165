/** `kalends ops rebuild`: the projections against the log, profile by profile, and put right. */
import type { Command } from 'commander';
import type { OpsCall } from '../../services/control-socket.ts';
import { together, type RebuildOutcome } from '../../services/ops/rebuild.ts';
import { command, type Json } from './ops-call.ts';
import { withOperator } from './operator.ts';
import { print } from './print.ts';
import { settingsOf } from './settings.ts';

interface Which {
  readonly compare?: boolean;
  readonly profile?: string;
}

export const rebuildCommand = (): Command =>
  command(
    'rebuild',
    'rebuild the projections from the log; with --compare only compare, status 1 when they differ or never stood still',
  )
    .option('--compare', 'change nothing')
    .option('--profile <id>', 'one profile alone')
    .action(async ({ json = false, compare = false, profile }: Json & Which) => {
      const which = profile === undefined ? { compare } : { compare, profile };
      const outcome = await withOperator(settingsOf(), (call) => rebuildEach(call, which, json ? silence : tell));
      print(outcome, json);
      const isAsSaid = compare ? outcome.different + outcome.unsettled.length === 0 : outcome.waiting.length === 0;
      if (!isAsSaid) process.exitCode = 1;
    });

/** One call for each profile, so that whoever waits sees how far it is, wherever it is carried out. */
export async function rebuildEach(
  call: OpsCall,
  which: Which,
  progress: (line: string) => void,
): Promise<RebuildOutcome> {
  const rebuild = (params: Which) => call('ops.rebuild', params) as Promise<RebuildOutcome>;
  if (which.profile !== undefined) return rebuild(which);
  const profiles = (await call('ops.profiles', {})) as readonly { readonly profile_id: string }[];
  const outcomes: RebuildOutcome[] = [];
  for (const { profile_id: profile } of profiles) {
    progress(`${outcomes.length + 1} of ${profiles.length}: ${profile}`);
    outcomes.push(await rebuild({ ...which, profile }));
  }
  return together(outcomes);
}

export const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const silence = (): void => undefined;
