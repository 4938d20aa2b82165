/** Rebuilding projections from the log: compared here at any time, put right only when asked to, by the profile's actor alone. */
import type { ProfileId } from '../../domain/ids.ts';
import { compareWithRebuild, type RebuildReport } from '../../store/rebuild.ts';
import { revise } from './connect.ts';
import type { OpsContext } from './context.ts';
import { everyProfile, profileOr404 } from './profiles.ts';

export interface RebuildInput {
  /** Null: every profile. */
  readonly profileId: ProfileId | null;
  /** True: only compare. */
  readonly compare: boolean;
}

/** What was found before anything was put right. */
export interface RebuildOutcome {
  readonly profiles: number;
  readonly commits: number;
  readonly compared: number;
  readonly different: number;
  /** Profiles that never stood still while they were compared, or whose last commits their actor has yet to project. */
  readonly unsettled: readonly ProfileId[];
  /** Profiles whose actor has yet to carry it out: no supervisor runs, or it has much to do. */
  readonly waiting: readonly ProfileId[];
  /** Profiles that still differ: their actor gave it up after a few tries, as its log says. */
  readonly failed: readonly ProfileId[];
  readonly reports: readonly RebuildReport[];
}

type RebuildContext = Pick<OpsContext, 'documents' | 'normalise' | 'horizon' | 'clock' | 'nudge' | 'turn'>;

export async function rebuild(context: RebuildContext, input: RebuildInput): Promise<RebuildOutcome> {
  const outcomes: RebuildOutcome[] = [];
  for await (const { _id } of profilesOf(context, input.profileId))
    outcomes.push(await rebuildOne(context, _id, input.compare));
  return together(outcomes);
}

async function* profilesOf(context: RebuildContext, only: ProfileId | null) {
  if (only === null) yield* everyProfile(context);
  else yield await profileOr404(context, only);
}

export function together(outcomes: readonly RebuildOutcome[]): RebuildOutcome {
  const sum = (of: (one: RebuildOutcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  return {
    profiles: sum((one) => one.profiles),
    commits: sum((one) => one.commits),
    compared: sum((one) => one.compared),
    different: sum((one) => one.different),
    unsettled: outcomes.flatMap((one) => one.unsettled),
    waiting: outcomes.flatMap((one) => one.waiting),
    failed: outcomes.flatMap((one) => one.failed),
    reports: outcomes.flatMap((one) => one.reports),
  };
}

async function rebuildOne(context: RebuildContext, profileId: ProfileId, compare: boolean): Promise<RebuildOutcome> {
  const report = await compareAtRest(context, profileId);
  const isRight = report.settled && report.differences.length === 0;
  const after = compare || isRight ? 'right' : await rebuiltByItsActor(context, profileId);
  return {
    profiles: 1,
    commits: report.commits,
    compared: report.compared,
    different: report.differences.length,
    unsettled: report.settled ? [] : [profileId],
    waiting: after === 'waiting' ? [profileId] : [],
    failed: after === 'failed' ? [profileId] : [],
    reports: report.differences.length > 0 ? [report] : [],
  };
}

/** A turn that appends lasts some milliseconds, or as long as a slow provider answers. */
const comparisonsMax = 8;
const firstPauseMs = 25;
const longestPauseMs = 400;

async function compareAtRest(context: RebuildContext, profileId: ProfileId): Promise<RebuildReport> {
  for (let tries = 1, pauseMs = firstPauseMs; ; tries += 1, pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const report = await compareWithRebuild(context, profileId);
    if (report.settled || tries === comparisonsMax) return report;
    await context.clock.sleep(pauseMs);
  }
}

/** A log of years takes a minute to project; whoever waits longer learns that it is still asked for. */
const patienceMs = 120_000;

/** `waiting`: it is asked for, and not done yet. */
async function rebuiltByItsActor(
  context: RebuildContext,
  profileId: ProfileId,
): Promise<'right' | 'waiting' | 'failed'> {
  const { documents, clock } = context;
  await revise(context, profileId, { kind: 'rebuild' });
  const untilMs = clock.monotonic() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    await context.turn?.(profileId);
    const requests = (await documents.get('profiles', profileId))?.requests ?? [];
    if (!requests.some((one) => typeof one === 'object' && one.kind === 'rebuild')) {
      const { settled, differences } = await compareAtRest(context, profileId);
      return settled && differences.length > 0 ? 'failed' : 'right';
    }
    if (clock.monotonic() >= untilMs) return 'waiting';
    await clock.sleep(pauseMs);
  }
}
