/** Rotation of sealing keys: what an older key sealed is sealed anew with the first one, so that the older one can go. */
import { isKalendsError } from '../../domain/errors.ts';
import type { AppId, ProfileId } from '../../domain/ids.ts';
import type { Sealed } from '../../domain/profile.ts';
import { secretContext } from '../auth/registry.ts';
import { credentialsContext, type Sealing } from '../sealing.ts';
import type { OpsContext } from './context.ts';
import { everyProfile } from './profiles.ts';

export interface ResealOutcome {
  readonly resealed: number;
  /** Sealed with the first key already, which opens them. */
  readonly current: number;
  /** No key of the ring opens them: left as they are. While there are none, older keys may go. */
  readonly unsealable: number;
}

type Outcome = keyof ResealOutcome;
type ResealContext = Pick<OpsContext, 'documents' | 'sealing'>;

/** Every login and every client secret; safe to repeat and to stop at any time, beside everything else that goes on. */
export async function reseal(context: ResealContext): Promise<ResealOutcome> {
  const counts: Record<Outcome, number> = { resealed: 0, current: 0, unsealable: 0 };
  for await (const { _id, credentials } of everyProfile(context)) {
    if (credentials !== null) counts[await resealProfile(context, _id)] += 1;
  }
  for (const app of await context.documents.find('allApps', {})) {
    for (const outcome of await resealApp(context, app._id)) counts[outcome] += 1;
  }
  return counts;
}

/** Every box is opened: a key that is lost may have had the id of one that is there, e.g. of one made anew. */
function tryAnew(sealing: Sealing, sealed: Sealed, place: string): { readonly outcome: Outcome; readonly box: Sealed } {
  try {
    const plain = sealing.open(sealed, place);
    if (sealing.isCurrent(sealed)) return { outcome: 'current', box: sealed };
    return { outcome: 'resealed', box: sealing.seal(plain, place) };
  } catch (error) {
    if (!isKalendsError(error) || error.code !== 'unsealable') throw error;
    return { outcome: 'unsealable', box: sealed };
  }
}

/** Replaced only as it was read: a person may be connecting it again, and its actor is at work. */
async function resealProfile({ documents, sealing }: ResealContext, profileId: ProfileId): Promise<Outcome> {
  for (;;) {
    const profile = await documents.get('profiles', profileId);
    if (profile === null || profile.credentials === null) return 'current';
    const { outcome, box } = tryAnew(sealing, profile.credentials, credentialsContext(profileId));
    if (outcome !== 'resealed') return outcome;
    const next = { ...profile, credentials: box, rev: profile.rev + 1 };
    if (await documents.replace('profiles', next, profile.rev)) return outcome;
  }
}

async function resealApp({ documents, sealing }: ResealContext, appId: AppId): Promise<readonly Outcome[]> {
  for (;;) {
    const app = await documents.get('apps', appId);
    if (app === null) return [];
    const tried = app.secrets.map((one) => ({ one, ...tryAnew(sealing, one.sealed, secretContext(appId)) }));
    const outcomes = tried.map(({ outcome }) => outcome);
    if (!outcomes.includes('resealed')) return outcomes;
    const secrets = tried.map(({ one, box }) => ({ ...one, sealed: box }));
    if (await documents.replace('apps', { ...app, secrets, rev: app.rev + 1 }, app.rev)) return outcomes;
  }
}
