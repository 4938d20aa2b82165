/** What an answer that is not the hoped-for one means: one table for CalDAV and HTTP. */
import { KalendsError, type ErrorCode } from '../domain/errors.ts';
import { conditionCodes, conditionsIn } from './preconditions.ts';
import { redact } from './redact.ts';
import { retryAfter } from '../config/policies.ts';
import { retryAtMs } from '../domain/retry-after.ts';

/** What was asked; the same status means different things to different questions. */
export interface Asked {
  /** Names the request in evidence, e.g. `REPORT sync-collection /user/cal/`. */
  readonly request: string;
  readonly kind: 'read' | 'report' | 'put' | 'remove' | 'make';
  /** A sync token went along. */
  readonly withToken?: boolean;
  /** The write was conditional on a version that should be there. */
  readonly onto?: boolean;
  readonly nowMs: number;
  /** Replaced wherever they occur in the excerpt. */
  readonly secrets?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly text: string;
}

/** Statuses whose meaning depends on nothing else. */
const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'bad_request',
  401: 'unauthorized',
  402: 'payment_required',
  404: 'not_found',
  405: 'method_unsupported',
  408: 'timed_out',
  409: 'conflicting_state',
  410: 'not_found',
  412: 'precondition_failed',
  413: 'content_refused',
  414: 'uri_too_long',
  415: 'method_unsupported',
  // Old ownCloud-like servers throttle with it.
  420: 'unavailable',
  421: 'misdirected',
  423: 'locked',
  429: 'rate_limited',
  451: 'payment_required',
  500: 'server_error',
  501: 'method_unsupported',
  502: 'gateway_failed',
  503: 'unavailable',
  504: 'gateway_failed',
  507: 'quota_exceeded',
};

/** Servers say "I do not know this token" in all of these ways: Nextcloud 418, fruux 415, Evolution's list 412. */
const tokenRefusals: ReadonlySet<number> = new Set([400, 409, 410, 412, 415, 418]);

function codeFor(answer: Answer, asked: Asked): ErrorCode {
  const [condition] = conditionsIn(answer.text);
  const named = condition === undefined ? undefined : conditionCodes[condition];
  if (named !== undefined && answer.status >= 400) return named;
  if (asked.withToken === true && tokenRefusals.has(answer.status)) return 'sync_token_invalid';
  if (answer.status === 403) return asked.kind === 'put' || asked.kind === 'remove' ? 'content_refused' : 'forbidden';
  // Every calendar server knows PUT and DELETE: SOGo answers so when it has no connection left behind it.
  if (answer.status === 501 && (asked.kind === 'put' || asked.kind === 'remove')) return 'unavailable';
  if (answer.status === 503 && 'retry-after' in answer.headers) return 'rate_limited';
  if (answer.status === 507 && asked.kind === 'report') return 'limit_refused';
  if (asked.kind === 'make' && answer.status === 409) return 'parent_missing';
  if (asked.kind === 'put' && (answer.status === 404 || answer.status === 410)) {
    // What should be overwritten is not there any more; or the calendar itself is missing (RFC 4918 9.7.1 wants 409).
    return asked.onto === true ? 'precondition_failed' : 'parent_missing';
  }
  return byStatus[answer.status] ?? 'unexpected_status';
}

/**
 * The error for an answer that its caller cannot use. A status that no row knows is `unexpected_status`, which is
 * ambiguous: somebody looks at it, nobody dies of it. `retryAtMs` is set where the server said when to come back.
 */
export function classify(answer: Answer, asked: Asked): KalendsError {
  const code = codeFor(answer, asked);
  const again = retryAtMs(answer.headers, asked.nowMs, retryAfter);
  return new KalendsError(code, `${asked.request} was answered with ${answer.status}`, {
    evidence: {
      request: asked.request,
      status: answer.status,
      excerpt: redact(answer.text, asked.secrets),
    },
    ...(again === null ? {} : { retryAtMs: again }),
  });
}
