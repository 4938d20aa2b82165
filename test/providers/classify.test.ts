/** The error table of the provider facts, row by row: what a status and a body mean for what was asked, and what is kept of them. */
import { describe, expect, test } from 'vitest';
import { retryAfter } from '../../config/policies.ts';
import { verdicts, type ErrorCode, type Verdict } from '../../domain/errors.ts';
import { classify, type Asked } from '../../providers/classify.ts';

const error = (condition: string): string =>
  `<?xml version="1.0"?><D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><${condition}/></D:error>`;

const ask = (kind: Asked['kind'], more: Partial<Asked> = {}): Asked => ({
  request: 'REPORT sync-collection /cal/',
  kind,
  nowMs: 1_000_000,
  ...more,
});

interface Row {
  readonly status: number;
  readonly asked: Asked;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly code: ErrorCode;
  readonly verdict: Verdict;
}

const read = ask('read');
const report = ask('report');
const withToken = ask('report', { withToken: true });
const create = ask('put');
const replace = ask('put', { onto: true });
const remove = ask('remove');
const make = ask('make');

/** The table of facts F for CalDAV and HTTP, row by row. */
const rows: readonly Row[] = [
  { status: 400, asked: create, code: 'bad_request', verdict: 'item_permanent' },
  {
    status: 400,
    asked: create,
    text: error('C:valid-calendar-data'),
    code: 'content_refused',
    verdict: 'item_permanent',
  },
  { status: 400, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 400, asked: report, code: 'bad_request', verdict: 'item_permanent' },
  // A password cannot be voided by an answer, whatever it quotes.
  { status: 400, asked: create, text: 'SUMMARY:the invalid_grant bug', code: 'bad_request', verdict: 'item_permanent' },
  { status: 401, asked: read, text: '{"error":"invalid_grant"}', code: 'unauthorized', verdict: 'auth_suspect' },
  { status: 401, asked: read, code: 'unauthorized', verdict: 'auth_suspect' },
  { status: 401, asked: withToken, code: 'unauthorized', verdict: 'auth_suspect' },
  { status: 402, asked: read, code: 'payment_required', verdict: 'permanent' },
  { status: 451, asked: read, code: 'payment_required', verdict: 'permanent' },
  { status: 403, asked: withToken, text: error('D:valid-sync-token'), code: 'sync_token_invalid', verdict: 'resync' },
  {
    status: 403,
    asked: read,
    text: error('D:need-privileges'),
    code: 'privilege_missing',
    verdict: 'calendar_permanent',
  },
  {
    status: 403,
    asked: create,
    text: error('C:max-resource-size'),
    code: 'content_refused',
    verdict: 'item_permanent',
  },
  {
    status: 403,
    asked: create,
    text: error('C:supported-calendar-component'),
    code: 'content_refused',
    verdict: 'item_permanent',
  },
  { status: 403, asked: create, text: error('C:no-uid-conflict'), code: 'uid_conflict', verdict: 'conflict' },
  {
    status: 403,
    asked: report,
    text: error('D:number-of-matches-within-limits'),
    code: 'limit_refused',
    verdict: 'resync',
  },
  { status: 403, asked: read, code: 'forbidden', verdict: 'ambiguous' },
  { status: 403, asked: withToken, code: 'forbidden', verdict: 'ambiguous' },
  { status: 403, asked: create, code: 'content_refused', verdict: 'item_permanent' },
  { status: 403, asked: remove, code: 'content_refused', verdict: 'item_permanent' },
  { status: 404, asked: read, code: 'not_found', verdict: 'gone' },
  { status: 404, asked: replace, code: 'precondition_failed', verdict: 'conflict' },
  { status: 404, asked: create, code: 'parent_missing', verdict: 'calendar_permanent' },
  { status: 405, asked: report, code: 'method_unsupported', verdict: 'permanent' },
  { status: 501, asked: report, code: 'method_unsupported', verdict: 'permanent' },
  { status: 501, asked: read, code: 'method_unsupported', verdict: 'permanent' },
  { status: 501, asked: create, code: 'unavailable', verdict: 'transient' },
  { status: 501, asked: remove, code: 'unavailable', verdict: 'transient' },
  { status: 415, asked: report, code: 'method_unsupported', verdict: 'permanent' },
  { status: 415, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 408, asked: read, code: 'timed_out', verdict: 'transient' },
  { status: 409, asked: create, text: error('C:no-uid-conflict'), code: 'uid_conflict', verdict: 'conflict' },
  { status: 409, asked: create, code: 'conflicting_state', verdict: 'conflict' },
  { status: 409, asked: make, code: 'parent_missing', verdict: 'calendar_permanent' },
  { status: 409, asked: make, text: error('D:resource-must-be-null'), code: 'conflicting_state', verdict: 'conflict' },
  { status: 409, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 410, asked: read, code: 'not_found', verdict: 'gone' },
  { status: 410, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 412, asked: replace, code: 'precondition_failed', verdict: 'conflict' },
  { status: 412, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 413, asked: create, code: 'content_refused', verdict: 'item_permanent' },
  { status: 414, asked: read, code: 'uri_too_long', verdict: 'item_permanent' },
  { status: 418, asked: withToken, code: 'sync_token_invalid', verdict: 'resync' },
  { status: 418, asked: read, code: 'unexpected_status', verdict: 'ambiguous' },
  { status: 420, asked: read, code: 'unavailable', verdict: 'transient' },
  { status: 423, asked: replace, code: 'locked', verdict: 'transient' },
  { status: 429, asked: read, code: 'rate_limited', verdict: 'rate_limited' },
  { status: 500, asked: read, code: 'server_error', verdict: 'ambiguous' },
  { status: 500, asked: withToken, code: 'server_error', verdict: 'ambiguous' },
  { status: 500, asked: withToken, text: error('D:valid-sync-token'), code: 'sync_token_invalid', verdict: 'resync' },
  { status: 502, asked: replace, code: 'gateway_failed', verdict: 'transient' },
  { status: 504, asked: replace, code: 'gateway_failed', verdict: 'transient' },
  { status: 503, asked: read, code: 'unavailable', verdict: 'transient' },
  { status: 503, asked: read, headers: { 'retry-after': ['120'] }, code: 'rate_limited', verdict: 'rate_limited' },
  { status: 507, asked: report, code: 'limit_refused', verdict: 'resync' },
  { status: 507, asked: create, code: 'quota_exceeded', verdict: 'calendar_permanent' },
  { status: 301, asked: read, code: 'unexpected_status', verdict: 'ambiguous' },
  { status: 421, asked: read, code: 'misdirected', verdict: 'ambiguous' },
  { status: 599, asked: read, code: 'unexpected_status', verdict: 'ambiguous' },
];

describe('what an answer means', () => {
  test.each(rows)('$status to $asked.kind (token: $asked.withToken, onto: $asked.onto) $text is $code', (row) => {
    const { status, asked, text = '', headers = {}, code, verdict } = row;
    const failure = classify({ status, text, headers }, asked);
    expect(failure).toMatchObject({ code, verdict, evidence: { request: asked.request, status } });
    expect(verdicts[code]).toBe(verdict);
  });

  test('nothing but 404 and 410 says that something is gone, and no write that met them does', () => {
    for (let status = 100; status < 600; status += 1) {
      const gone = [read, report, remove, make].filter(
        (asked) => classify({ status, text: '', headers: {} }, asked).verdict === 'gone',
      );
      expect(gone.length, String(status)).toBe(status === 404 || status === 410 ? 4 : 0);
      for (const asked of [create, replace]) {
        expect(classify({ status, text: '', headers: {} }, asked).verdict).not.toBe('gone');
      }
    }
  });

  test('Retry-After is taken along, clamped', () => {
    const at = (value: string) =>
      classify({ status: 429, text: '', headers: { 'retry-after': [value] } }, read).retryAtMs;
    expect(at('120')).toBe(1_000_000 + 120_000);
    expect(at('0')).toBe(1_000_000 + retryAfter.minMs);
    expect(at('99999999')).toBe(1_000_000 + retryAfter.maxMs);
    expect(at('soon')).toBeNull();
  });

  test('evidence holds an excerpt without secrets and without calendar contents', () => {
    const text = 'Authorization: Basic c2VjcmV0 for hunter2 BEGIN:VCALENDAR\nSUMMARY:Dentist\nEND:VCALENDAR';
    const excerpt = classify({ status: 500, text, headers: {} }, { ...read, secrets: ['hunter2'] }).evidence?.excerpt;
    for (const secret of ['c2VjcmV0', 'hunter2', 'Dentist']) expect(excerpt).not.toContain(secret);
  });
});
