/** What the use cases of the HTTP API need from the rest of Kalends. */
import type { Clock, Random } from '../../domain/clock.ts';
import type { Normalise } from '../../domain/event.ts';
import type { AccountId, ProfileId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ProviderName } from '../../domain/profile.ts';
import type { Provider } from '../../providers/provider.ts';
import type { Documents } from '../../store/documents.ts';

/** What the API may ask of a provider: pure facts. The calendar server itself is never asked. */
export type ProviderFacts = Pick<Provider, 'capabilities' | 'newCalendarRef' | 'newResourceRef'>;

export interface ApiContext {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly random: Random;
  /** Signs page addresses; the same on every node of a cluster. At least 32 bytes. */
  readonly pageKey: Buffer;
  /** Tells the profile's actor that an intent is waiting; lossy, never awaited. */
  nudge(profileId: ProfileId): void;
  /** Tells the notifier that an account's subscribers changed; lossy, never awaited. */
  nudgeNotifier(accountId: AccountId): void;
  /** The intent when it is settled; null when it is still open after a bounded time. */
  awaitIntent(profileId: ProfileId, n: number): Promise<IntentDoc | null>;
  providerOf(name: ProviderName): ProviderFacts;
  readonly normalise: Normalise;
}
