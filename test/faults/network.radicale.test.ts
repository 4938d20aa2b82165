/** Delays, cuts, black holes, half-open connections and narrow ways in front of a real Radicale. */
import { startRadicale } from '../support/radicale.ts';
import { networkFaults } from './network.ts';

await networkFaults('Radicale', () => startRadicale());
