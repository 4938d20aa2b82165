/** Radicale refuses a token that it does not know with 403 and the precondition `valid-sync-token`. */
import { startRadicale } from '../support/radicale.ts';
import { forgottenTokens } from './sync-tokens.ts';

await forgottenTokens('Radicale', () => startRadicale(), {
  token: `http://radicale.org/ns/sync/${'0'.repeat(64)}`,
  status: 403,
});
