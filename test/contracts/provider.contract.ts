/** The contract suite of the provider port: every numbered sentence of `providers/provider.ts`, on any implementation. */
import { describe } from 'vitest';
import { everyMethodContract } from './provider-every-method.ts';
import { listingContract } from './provider-listing.ts';
import { readingContract } from './provider-reading.ts';
import type { MissingServer } from '../support/caldav-server.ts';
import { createSuite, type ProviderUnderTest, type Traits } from './provider-subject.ts';
import { writingContract } from './provider-writing.ts';

export function providerContract(
  name: string,
  traits: Traits,
  start: () => Promise<ProviderUnderTest | MissingServer>,
): void {
  describe(`the provider port on ${name}`, () => {
    const suite = createSuite(name, traits, start);
    readingContract(suite);
    listingContract(suite);
    writingContract(suite);
    everyMethodContract(suite);
  });
}
