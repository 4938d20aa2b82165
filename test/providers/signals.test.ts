/** The error table of the provider facts where there is no status to go by, and what no row of it knows; the others are in classify.test.ts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../config/policies.ts';
import { verdicts, type ErrorCode, type KalendsError, type Verdict } from '../../domain/errors.ts';
import { parseMultistatus } from '../../providers/caldav/xml/parse.ts';
import { classify, type Asked } from '../../providers/classify.ts';
import { connectError, networkError } from '../../providers/network-errors.ts';
import { conditionCodes } from '../../providers/preconditions.ts';
import { failure } from '../contracts/provider-subject.ts';

const nowMs = 1_000_000;
const ask = (kind: Asked['kind'], more: Partial<Asked> = {}): Asked => ({ request: 'X /', kind, nowMs, ...more });
const [read, report, put, remove, make] = (['read', 'report', 'put', 'remove', 'make'] as const).map((one) => ask(one));
const withToken = ask('report', { withToken: true });
const onto = ask('put', { onto: true });

const answered = (status: number, asked: Asked | undefined, text = '', headers = {}): KalendsError =>
  classify({ status, headers, text }, asked ?? ask('read'));
const named = (condition: string): string => `<d:error xmlns:d="DAV:"><c:${condition} xmlns:c="x"/></d:error>`;

const rejected = (text: string): Promise<KalendsError> =>
  failure(parseMultistatus(text, { breathe: () => Promise.resolve() }));

const system = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });
const connecting = (code: string, message?: string): KalendsError => connectError(system(code, message));
const underWay = (code: string): KalendsError =>
  networkError(new Error('fetch failed', { cause: system(code) }), 'X /');
const document = (inner: string): string => `<d:multistatus xmlns:d="DAV:">${inner}</d:multistatus>`;

type Row = readonly [signal: string, failure: KalendsError, code: ErrorCode, verdict: Verdict];

/** The rows of the facts that no status decides. */
const rows: readonly Row[] = [
  ['connect: nobody listens', connecting('ECONNREFUSED'), 'connect_failed', 'transient'],
  ['connect: no route', connecting('EHOSTUNREACH'), 'connect_failed', 'transient'],
  ['connect: timeout', connecting('UND_ERR_CONNECT_TIMEOUT'), 'connect_failed', 'transient'],
  [
    'connect: several addresses',
    connectError(new AggregateError([system('ECONNREFUSED')])),
    'connect_failed',
    'transient',
  ],
  ['DNS: unknown', connecting('ENOTFOUND'), 'name_not_found', 'transient'],
  ['DNS: no answer', connecting('EAI_AGAIN'), 'name_not_found', 'transient'],
  ['TLS: certificate ran out', connecting('CERT_HAS_EXPIRED'), 'tls_failed', 'transient'],
  ['TLS: nobody vouches', connecting('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls_failed', 'transient'],
  ['TLS: for another name', connecting('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls_failed', 'transient'],
  ['TLS: cut handshake', connecting('ECONNRESET', 'before secure TLS connection'), 'tls_failed', 'transient'],
  ['timeout: of the headers', underWay('UND_ERR_HEADERS_TIMEOUT'), 'timed_out', 'transient'],
  ['timeout: of the body', underWay('UND_ERR_BODY_TIMEOUT'), 'timed_out', 'transient'],
  ['cut: reset', underWay('ECONNRESET'), 'cut_short', 'transient'],
  ['cut: nobody knows what', networkError('odd', 'X /'), 'cut_short', 'transient'],
  ['200/207 wrong content', await rejected('<html></html>'), 'not_multistatus', 'transient'],
  ['200/207 empty', await rejected(''), 'not_multistatus', 'transient'],
  ['200/207 JSON', await rejected('{}'), 'not_multistatus', 'transient'],
  ['200/207 cut', await rejected(document('').slice(0, -3)), 'malformed_multistatus', 'transient'],
  ['200/207 second root', await rejected(document('') + document('')), 'malformed_multistatus', 'transient'],
];

test.each(rows)('%s', (_signal, error, code, verdict) => {
  expect([error.code, error.verdict]).toEqual([code, verdict]);
  expect(error.message.length).toBeGreaterThan(0);
});

describe('what no row knows', () => {
  const known = new Set([400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 413, 414, 415, 420, 421, 423, 429, 451]);
  const served = new Set([500, 501, 502, 503, 504, 507]);
  const asked = fc.constantFrom(read, report, put, remove, make, onto, withToken);
  const status = fc.integer({ min: 100, max: 999 }).filter((one) => !known.has(one) && !served.has(one));

  test('is ambiguous, whatever the answer holds beside it', () => {
    fc.assert(
      fc.property(status, asked, fc.string({ unit: 'grapheme' }), (one, about, text) => {
        fc.pre(!(one === 418 && about?.withToken === true));
        const error = answered(one, about, text);
        expect([error.code, error.verdict]).toEqual(['unexpected_status', 'ambiguous']);
      }),
      { seed: 20_261_120, numRuns: 500 },
    );
  });

  test('also when its error body names a condition that nobody knows, or a word of the language', () => {
    const word = fc.constantFrom(
      'constructor',
      'valueOf',
      'toString',
      'hasOwnProperty',
      'isPrototypeOf',
      '__proto__',
      'no-such-condition',
    );
    fc.assert(
      fc.property(status, asked, word, (one, about, name) => {
        fc.pre(!(one === 418 && about?.withToken === true));
        expect(answered(one, about, named(name)).code).toBe('unexpected_status');
      }),
      { seed: 20_261_121, numRuns: 300 },
    );
  });

  test('no answer at all ends in anything but a code with its verdict and bounded evidence', () => {
    const names = fc.constantFrom(...Object.keys(conditionCodes), 'constructor', 'x');
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), asked, names, fc.string(), (one, about, name, text) => {
        const error = answered(one, about, named(name) + text);
        expect(verdicts[error.code]).toBe(error.verdict);
        expect(error.evidence?.excerpt?.length).toBeLessThanOrEqual(limits.excerptCharacters);
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });
});
