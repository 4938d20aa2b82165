/** Provider names as existing clients know them. */
import type { ProviderName } from '../../domain/profile.ts';

interface WireProvider {
  readonly provider_name: string;
  readonly provider_service: string;
}

/**
 * Clients in typed languages know five values of `provider_name` and fail on others; `provider_service` is open. Any
 * CalDAV account is therefore shown under the name of the CalDAV provider that they know.
 */
const names: Readonly<Record<ProviderName, WireProvider>> = {
  cronofy: { provider_name: 'cronofy', provider_service: 'cronofy' },
  memory: { provider_name: 'cronofy', provider_service: 'memory' },
  caldav: { provider_name: 'apple', provider_service: 'caldav' },
  apple: { provider_name: 'apple', provider_service: 'icloud' },
  google: { provider_name: 'google', provider_service: 'google' },
  exchange: { provider_name: 'exchange', provider_service: 'exchange' },
  live_connect: { provider_name: 'live_connect', provider_service: 'outlook_com' },
};

export const wireProvider = (provider: ProviderName): WireProvider => names[provider];
