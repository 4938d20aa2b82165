/** Delays, cuts, black holes, half-open connections and narrow ways in front of a real Xandikos. */
import { startXandikos } from '../support/xandikos.ts';
import { networkFaults } from './network.ts';

await networkFaults('Xandikos', () => startXandikos());
