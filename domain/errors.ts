/** The closed union of what can go wrong: a code, the verdict that follows from it, and the error that carries both. */

/**
 * What Kalends does about a failure.
 * transient: try again by policy. rate_limited: wait as told. auth_suspect: count, look for the account elsewhere, never one alone.
 * auth_revoked: proof that the person must consent again. resync: drop the token, list, diff. conflict: read again,
 * reconcile. item/calendar/permanent: this thing cannot succeed as it is. gone: the resource answered that it is not
 * there. ambiguous: may be any of these; quarantine the smallest scope and probe. refused: our own caller is at fault.
 */
export type Verdict =
  | 'transient'
  | 'rate_limited'
  | 'auth_suspect'
  | 'auth_revoked'
  | 'resync'
  | 'conflict'
  | 'gone'
  | 'item_permanent'
  | 'calendar_permanent'
  | 'permanent'
  | 'ambiguous'
  | 'refused';

/** Every code with its verdict. A code is a stable public name: add, never rename. */
export const verdicts = {
  // the network
  connect_failed: 'transient',
  name_not_found: 'transient',
  tls_failed: 'transient',
  timed_out: 'transient',
  cut_short: 'transient',
  address_refused: 'permanent',
  redirect_refused: 'permanent',
  too_many_redirects: 'permanent',
  body_too_large: 'item_permanent',
  // what a calendar server answered
  bad_request: 'item_permanent',
  unauthorized: 'auth_suspect',
  credentials_revoked: 'auth_revoked',
  payment_required: 'permanent',
  forbidden: 'ambiguous',
  privilege_missing: 'calendar_permanent',
  not_found: 'gone',
  misdirected: 'ambiguous',
  method_unsupported: 'permanent',
  uid_conflict: 'conflict',
  uid_burned: 'conflict',
  parent_missing: 'calendar_permanent',
  conflicting_state: 'conflict',
  precondition_failed: 'conflict',
  content_refused: 'item_permanent',
  uri_too_long: 'item_permanent',
  locked: 'transient',
  rate_limited: 'rate_limited',
  sync_token_invalid: 'resync',
  server_error: 'ambiguous',
  unavailable: 'transient',
  gateway_failed: 'transient',
  quota_exceeded: 'calendar_permanent',
  limit_refused: 'resync',
  unexpected_status: 'ambiguous',
  answered_elsewhere: 'ambiguous',
  not_multistatus: 'transient',
  malformed_multistatus: 'transient',
  not_a_calendar_server: 'permanent',
  no_progress: 'resync',
  // one resource
  resource_unparsable: 'item_permanent',
  recurrence_too_expensive: 'item_permanent',
  recurrence_unsupported: 'item_permanent',
  recurrence_invalid: 'item_permanent',
  resource_too_large: 'item_permanent',
  // our own rules
  suspicious_delta: 'ambiguous',
  removals_held: 'transient',
  write_conflict_persists: 'conflict',
  calendar_read_only: 'refused',
  calendar_unknown: 'refused',
  calendar_gone: 'refused',
  not_permitted: 'refused',
  profile_locked: 'refused',
  invalid_input: 'refused',
  not_owner: 'refused',
  unknown_token: 'refused',
  not_known: 'refused',
  intent_expired: 'refused',
  // the store and the host
  store_full: 'transient',
  store_unavailable: 'transient',
  store_conflict: 'transient',
  duplicate_key: 'conflict',
  second_owner: 'transient',
  shutting_down: 'transient',
  process_died: 'transient',
  configuration_invalid: 'permanent',
  unsealable: 'permanent',
  internal: 'ambiguous',
} as const satisfies Record<string, Verdict>;

export type ErrorCode = keyof typeof verdicts;

/** What the failure was seen on; excerpts are trimmed and redacted before they come here. */
export interface FailureEvidence {
  /** e.g. `REPORT sync-collection /user/cal/`; never a query string, never a host's credentials. */
  readonly request?: string;
  readonly status?: number;
  readonly excerpt?: string;
}

export interface KalendsErrorOptions {
  /** Which profile, calendar, resource, operation … this happened to. */
  readonly ids?: Readonly<Record<string, string>>;
  /** Not before this time, in epoch milliseconds, already clamped. */
  readonly retryAtMs?: number;
  readonly evidence?: FailureEvidence;
  /** What a person at the command line can do about it, where the code alone does not say so. */
  readonly next?: string;
  readonly cause?: unknown;
  /** The 422 rows of the HTTP API, by field. */
  readonly fields?: Readonly<Record<string, readonly { readonly key: string; readonly description: string }[]>>;
}

/** The only error that crosses a boundary of ours. Across the broker match on `type` and `code`, never on `instanceof`. */
export class KalendsError extends Error {
  readonly type = 'KalendsError';
  readonly code: ErrorCode;
  readonly verdict: Verdict;
  readonly ids: Readonly<Record<string, string>>;
  readonly retryAtMs: number | null;
  readonly evidence: FailureEvidence | null;
  readonly next: string | null;
  readonly fields: KalendsErrorOptions['fields'] | null;

  constructor(code: ErrorCode, message: string, options: KalendsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KalendsError';
    this.code = code;
    this.verdict = verdicts[code];
    this.ids = options.ids ?? {};
    this.retryAtMs = options.retryAtMs ?? null;
    this.evidence = options.evidence ?? null;
    this.next = options.next ?? null;
    this.fields = options.fields ?? null;
  }
}

/** Recognises ours also after it crossed a process as plain data. */
export function isKalendsError(error: unknown): error is KalendsError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as { type?: unknown }).type === 'KalendsError' &&
    typeof (error as { code?: unknown }).code === 'string'
  );
}

/** Everything that is not ours becomes `internal`, with its cause kept. */
export function toKalendsError(error: unknown): KalendsError {
  if (isKalendsError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new KalendsError('internal', `something failed that Kalends has no name for: ${text}`, { cause: error });
}

/** A switch over a union ends here; a value that gets here is a programming error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
