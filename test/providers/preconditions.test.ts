/** Conditions are found in whatever stands in an error body, and a hostile one costs no more than its length. */
import { expect, test } from 'vitest';
import { conditionsIn } from '../../providers/preconditions.ts';

test.each([
  ['<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>', ['valid-sync-token']],
  ['<error><need-privileges>', ['need-privileges']],
  [
    '<?xml version="1.0"?>\n<d:ERROR  x="1">\n<c:no-uid-conflict ><d:href>/a</d:href></c:no-uid-conflict>',
    ['no-uid-conflict'],
  ],
  ['<error/><valid-sync-token/>', ['valid-sync-token']],
  ['<error></d:error ><valid-sync-token/>', []],
  ['<errors><valid-sync-token/></errors>', []],
  ['<valid-sync-token/>', []],
  ['<error></valid-sync-token>', []],
  ['<error><toString/><Valid-Sync-Token/></error>', []],
  ['', []],
])('%s', (text, conditions) => {
  expect(conditionsIn(text)).toEqual(conditions);
});

test.each(['<error ', '<error>', '</error', '<a:', '<', '<-', '<error><', ':'])(
  '%s without end is none, and no pattern hangs on it',
  (piece) => {
    expect(conditionsIn(piece.repeat(200_000))).toEqual([]);
  },
);
