/** The provider contract on a real Radicale. */
import { providerContract } from '../contracts/provider.contract.ts';
import { startRadicale } from '../support/radicale.ts';
import { calDavUnderTest } from './caldav-under-test.ts';

providerContract(
  'CalDAV over Radicale',
  { otherSide: true, network: true, passwords: true, pages: false, scheduleTags: false },
  () => calDavUnderTest(() => startRadicale()),
);
