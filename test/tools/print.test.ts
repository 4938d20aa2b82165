/** What people read: nothing is cut, nothing is wider than a terminal, and times are times. */
import { expect, it } from 'vitest';
import { asText } from '../../tools/cli/print.ts';

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
const at = '2026-11-22T01:20:09.375Z';

it('a row that is wider than a terminal goes on below, with every cell whole', () => {
  const row = {
    profile_id: `pro_${'1'.repeat(26)}`,
    state: 'relink_required',
    reason: 'credentials_revoked',
    account_id: `acc_${'2'.repeat(26)}`,
    host: 'calendar.example.com',
    name: 'ada@example.com',
  };
  const text = asText([row, { ...row, state: 'live', reason: null }]);
  expect(widest(text)).toBeLessThanOrEqual(80);
  for (const one of Object.values(row)) expect(text).toContain(one);
  expect(text.split('\n')).toHaveLength(6);
});

it('a long last column is wrapped between words, in the rows where it does not fit', () => {
  const advice = 'the receiver refused it: look at its log, and see that it answers within five seconds with a 2xx';
  const text = asText([
    { at, status: 200, error: null },
    { at, status: 500, error: advice },
  ]);
  expect(widest(text)).toBeLessThanOrEqual(80);
  expect(text.split('\n').slice(0, 2)).toEqual([
    'at                    status  error',
    '2026-11-22T01:20:09Z  200     -',
  ]);
  expect(text.replace(/\s+/g, ' ')).toContain(advice);
});

it('instants are shown as times, lengths of time as they are', () => {
  const sinceMs = Date.parse(at);
  const state = {
    name: 'quarantined',
    sinceMs,
    probeAtMs: Number.MAX_SAFE_INTEGER,
    start: { ms: sinceMs },
    tookMs: 18,
  };
  expect(asText({ state }).split('\n')).toEqual([
    'state:',
    '  name: quarantined',
    '  since: 2026-11-22T01:20:09Z',
    '  probeAt: never',
    '  start:',
    '    at: 2026-11-22T01:20:09Z',
    '  tookMs: 18',
  ]);
});
