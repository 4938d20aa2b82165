/** Removals that are held: which, why and since when, and the operator's word about them. */
import { KalendsError } from '../../domain/errors.ts';
import type { CalendarId, ProfileId, ResourceId } from '../../domain/ids.ts';
import type { HeldRemoval } from '../../domain/sync/checkpoint.ts';
import { baselineKey } from '../../domain/sync/sentinel/baseline.ts';
import { revise } from './connect.ts';
import { waitsForStart, type OpsContext } from './context.ts';
import { iso } from './iso.ts';
import { profileOr404 } from './profiles.ts';

type HeldContext = Pick<OpsContext, 'documents' | 'clock' | 'nudge' | 'provider' | 'turn'>;

export interface HeldRow {
  readonly resource_id: ResourceId;
  readonly calendar_id: CalendarId;
  readonly ref: string;
  /** Of its first event, as the cache shows it. */
  readonly summary: string | null;
  /** What claims that it is gone, e.g. `absent`. */
  readonly reason: HeldRemoval['reason'];
  /** Among more than people are likely to make. */
  readonly suspicious: boolean;
  readonly since: string | null;
  /** Direct requests that proved nothing. */
  readonly checks: number;
  /** Null while the breaker of its kind of server holds: nothing is asked before that is released. */
  readonly next_check: string | null;
}

export async function listHeld(context: HeldContext, profileId: ProfileId): Promise<readonly HeldRow[]> {
  const { documents } = context;
  const { provider, root } = await profileOr404(context, profileId);
  const kind = baselineKey(provider, context.provider(provider).software(root));
  const breakerHolds = (await documents.get('baselines', kind))?.breaker.name === 'holding';
  const rows: HeldRow[] = [];
  for (const { calendarId, held } of await heldOf(context, profileId)) {
    for (const one of held) {
      const [event] = await documents.find('eventsOfResource', { resourceId: one.resourceId }, { limit: 1 });
      rows.push({
        resource_id: one.resourceId,
        calendar_id: calendarId,
        ref: one.ref,
        summary: event?.summary ?? null,
        reason: one.reason,
        suspicious: one.suspicious,
        since: iso(one.sinceMs),
        checks: one.checks,
        next_check: breakerHolds ? null : iso(one.nextCheckAtMs),
      });
    }
  }
  return rows;
}

async function heldOf({ documents }: HeldContext, profileId: ProfileId) {
  const profile = await documents.get('profiles', profileId);
  const checkpoints = await documents.getMany('checkpoints', Object.keys(profile?.calendars ?? {}));
  return checkpoints.map(({ _id: calendarId, held }) => ({ calendarId, held }));
}

export interface HeldWord {
  /** `release`: they are gone, record it. `discard`: they are not, forget the claims. */
  readonly word: 'release' | 'discard';
  readonly profile: ProfileId;
  /** All that the profile holds, where neither is given. */
  readonly calendar?: string;
  readonly resource?: string;
  readonly note?: string;
}

/** Asks the profile's actor; rejects with `not_known` where nothing that is meant is held. */
export async function sayOfHeld(context: HeldContext, word: HeldWord): Promise<object> {
  const profile = await profileOr404(context, word.profile);
  const resourceIds = (await heldOf(context, profile._id))
    .filter(({ calendarId }) => word.calendar === undefined || calendarId === word.calendar)
    .flatMap(({ held }) => held.map((one) => one.resourceId))
    .filter((id) => word.resource === undefined || id === word.resource);
  if (resourceIds.length === 0) {
    throw new KalendsError('not_known', 'nothing of that is held', {
      ids: { profile: profile._id },
      next: `\`kalends ops held ${profile._id}\` lists what is`,
    });
  }
  const kind = word.word === 'release' ? ('release_held' as const) : ('discard_held' as const);
  await revise(context, profile._id, { kind, resourceIds, note: word.note ?? 'no reason given' });
  return { profile_id: profile._id, asked: word.word, removals: resourceIds.length, next: waitsForStart(context) };
}
