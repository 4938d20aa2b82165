/** Xandikos fails with 500 on a token that it does not know. */
import { startXandikos } from '../support/xandikos.ts';
import { forgottenTokens } from './sync-tokens.ts';

await forgottenTokens('Xandikos', () => startXandikos(), { token: '0'.repeat(40), status: 500 });
