/** Rebuilding projections from the log: compared always, put right only when asked to. */
import type { ProfileId } from '../../domain/ids.ts';
import { compareWithRebuild, rebuildProjections, type RebuildReport } from '../../store/rebuild.ts';
import type { OpsContext } from './context.ts';
import { everyProfile } from './profiles.ts';

export interface RebuildInput {
  /** Null: every profile. */
  readonly profileId: ProfileId | null;
  /** True: only compare. */
  readonly compare: boolean;
}

export interface RebuildOutcome {
  readonly profiles: number;
  readonly commits: number;
  readonly compared: number;
  readonly different: number;
  readonly reports: readonly RebuildReport[];
}

export async function rebuild(
  context: Pick<OpsContext, 'documents' | 'normalise' | 'horizon'>,
  input: RebuildInput,
): Promise<RebuildOutcome> {
  const reports: RebuildReport[] = [];
  const work = input.compare ? compareWithRebuild : rebuildProjections;
  for await (const id of profileIds(context, input.profileId)) reports.push(await work(context, id));
  const sum = (of: (report: RebuildReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return {
    profiles: reports.length,
    commits: sum((one) => one.commits),
    compared: sum((one) => one.compared),
    different: sum((one) => one.differences.length),
    reports: reports.filter((one) => one.differences.length > 0),
  };
}

async function* profileIds(context: Pick<OpsContext, 'documents'>, only: ProfileId | null): AsyncGenerator<ProfileId> {
  if (only !== null) yield only;
  else for await (const { _id } of everyProfile(context)) yield _id;
}
