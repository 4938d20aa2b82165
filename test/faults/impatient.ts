/** Time-outs that a test can wait for, in place of half a minute: the policies stay as they are. */
import type { Around } from '../../services/wiring.ts';

/** Every request to the outside is given up after this many milliseconds at the latest. */
export const impatient = (ms: number): Around => ({
  http: (http) => (request) => http({ ...request, timeoutMs: Math.min(request.timeoutMs, ms) }),
});
