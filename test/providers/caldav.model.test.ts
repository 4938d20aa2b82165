/** The provider contract on the model calendar server, honest, so that its faults mean something. */
import { providerContract } from '../contracts/provider.contract.ts';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { calDavUnderTest } from './caldav-under-test.ts';

for (const auth of ['basic', 'digest-md5', 'digest-sha-256'] as const) {
  providerContract(`CalDAV over the model server (${auth})`, () => calDavUnderTest(() => startModelServer({ auth })));
}
