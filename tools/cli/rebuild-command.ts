/** `kalends ops rebuild`: the projections against the log, profile by profile, and put right. */
import type { Command } from 'commander';
import type { OpsCall } from '../../services/control-socket.ts';
import { together, type RebuildOutcome } from '../../services/ops/rebuild.ts';
import { OpsCommand, type Progress } from './ops-call.ts';

interface Which {
  readonly compare?: boolean;
  readonly profile?: string;
}

export const rebuildCommand = (): Command =>
  new OpsCommand(
    'rebuild',
    'rebuild the projections from the log; with --compare only compare, status 1 when they differ or never stood still',
    {
      action: 'rebuild',
      params: ({ compare = false, ...which }) => ({ ...which, compare }),
      call: rebuildEach,
      status: (answer, { compare }) => {
        const { different, unsettled, waiting, failed } = answer as RebuildOutcome;
        const isAsSaid = compare === true ? different + unsettled.length === 0 : waiting.length + failed.length === 0;
        return isAsSaid ? 0 : 1;
      },
    },
  )
    .option('--compare', 'change nothing')
    .option('--profile <id>', 'one profile alone');

/** One call for each profile, so that whoever waits sees how far it is, wherever it is carried out. */
export async function rebuildEach(call: OpsCall, which: Which, progress: Progress): Promise<RebuildOutcome> {
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
