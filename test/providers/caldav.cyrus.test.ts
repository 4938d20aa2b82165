/** The provider contract on a real Cyrus. */
import { providerContract } from '../contracts/provider.contract.ts';
import { startCyrus } from '../support/cyrus.ts';
import { askingForRows, calDavUnderTest } from './caldav-under-test.ts';

providerContract(
  'CalDAV over Cyrus',
  { otherSide: true, network: true, passwords: true, pages: true, scheduleTags: true },
  () => calDavUnderTest(() => startCyrus(), { paging: askingForRows }),
);
