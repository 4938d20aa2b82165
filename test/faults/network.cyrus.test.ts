/** Delays, cuts, black holes, half-open connections and narrow ways in front of a real Cyrus. */
import { startCyrus } from '../support/cyrus.ts';
import { networkFaults } from './network.ts';

await networkFaults('Cyrus', () => startCyrus());
