/** Time-outs that a test can wait for, in place of half a minute: the policies stay as they are. */
import type { Http } from '../../providers/http.ts';
import type { Around } from '../../services/wiring.ts';

/** Every request is given up after this many milliseconds at the latest. */
export const hurried =
  (http: Http, ms: number): Http =>
  (request) =>
    http({ ...request, timeoutMs: Math.min(request.timeoutMs, ms) });

/** As `hurried`, for every request to the outside. */
export const impatient = (ms: number): Around => ({ http: (http) => hurried(http, ms) });
