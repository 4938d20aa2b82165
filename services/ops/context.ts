/** What operators' actions need from the rest of Kalends. */
import type { Normalise } from '../../domain/event.ts';
import type { GrantId, ProfileId } from '../../domain/ids.ts';
import type { ProfileDoc, ProviderName } from '../../domain/profile.ts';
import type { HorizonNumbers } from '../../domain/projection/horizon.ts';
import type { Credentials, Provider } from '../../providers/provider.ts';
import type { RegistryContext } from '../auth/registry.ts';

/** What is left for actors waits where none run; null where they do. */
export const waitsForStart = ({ turn }: Pick<OpsContext, 'turn'>): string | null =>
  turn === null ? null : 'no Kalends runs on this data: `kalends start` carries it out';

export interface OpsContext extends RegistryContext {
  readonly provider: (name: ProviderName) => Provider;
  readonly normalise: Normalise;
  readonly horizon: HorizonNumbers;
  readonly sealCredentials: (profileId: ProfileId, credentials: Credentials) => ProfileDoc['credentials'];
  readonly nudge: (profileId: ProfileId) => void;
  /** A turn of the profile's actor in this process, where no other can have the store open; null: actors run by themselves. */
  readonly turn: ((profileId: ProfileId) => Promise<void>) | null;
  /** Every node looks at the breakers anew. */
  readonly breakerMoved: () => void;
  /** Every node forgets what it remembers of the grant. */
  readonly revoked: (grantId: GrantId) => void;
}
