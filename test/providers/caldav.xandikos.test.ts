/** The provider contract on a real Xandikos. */
import { providerContract } from '../contracts/provider.contract.ts';
import { startXandikos } from '../support/xandikos.ts';
import { calDavUnderTest } from './caldav-under-test.ts';

providerContract(
  'CalDAV over Xandikos',
  { otherSide: true, network: true, passwords: false, pages: false, scheduleTags: false },
  () => calDavUnderTest(() => startXandikos(), { letsEverybodyIn: true }),
);
