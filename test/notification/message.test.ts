/** Messages for streams: the last state of each resource, named by the stretch of the log that they cover. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { eventUidOf } from '../../domain/ids.ts';
import { netMessages } from '../../domain/notification/message.ts';
import { accountId, appId, commit, put, removed, resourceId, work } from './samples.ts';

interface Message {
  readonly message_id: string;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly changes: readonly { readonly kind: string; readonly resource_id?: string; readonly seq: number }[];
  readonly notices: readonly unknown[];
}

const owner = { appId, accountId };
const messagesOf = (commits: Parameters<typeof netMessages>[2]) =>
  netMessages(owner, work, commits).map(({ id, body }) => ({ id, body: JSON.parse(body) as Message }));

describe('netMessages', () => {
  it('tells the last state of each resource, with its evidence, cause and seq', () => {
    const atMs = Date.UTC(2026, 10, 21, 9);
    const [message] = messagesOf([
      commit(11, atMs, [put('a'), put('b')]),
      commit(12, atMs + 1_500, [removed('a'), put('c', false)]),
      commit(13, atMs + 2_000, [put('d')], { cause: 'write' }),
    ]);
    const ids = (name: string) => ({
      calendar_id: 'cal_1',
      resource_id: `rsc_${name}`,
      event_uid: eventUidOf(resourceId(name), null),
    });
    expect(message?.id).toBe('pro_work:11-13');
    expect(message?.body).toEqual({
      message_id: 'pro_work:11-13',
      app_id: 'app_1',
      account_id: 'acc_1',
      profile_id: 'pro_work',
      from_seq: 11,
      to_seq: 13,
      changes: [
        { kind: 'changed', ...ids('b'), cause: 'pull', seq: 11, at: '2026-11-21T09:00:00Z' },
        { kind: 'removed', ...ids('a'), evidence: 'direct_get', cause: 'pull', seq: 12, at: '2026-11-21T09:00:01Z' },
      ],
      notices: [],
    });
  });

  it('tells an event that came and went as removed, never as if it had not been', () => {
    const [message] = messagesOf([commit(1, 0, [put('a')]), commit(2, 1, [removed('a')])]);
    expect(message?.body.changes).toMatchObject([{ kind: 'removed', seq: 2 }]);
  });

  it('carries notices', () => {
    const [message] = messagesOf([commit(5, 0, [{ kind: 'notice', notice: 'relinked' }], { cause: 'state' })]);
    expect(message?.body.notices).toMatchObject([{ type: 'relinked', seq: 5 }]);
  });

  it('makes no message of own writes and observations', () => {
    expect(messagesOf([commit(1, 0, [put('a')], { cause: 'write' }), commit(2, 1, [put('b', false)])])).toEqual([]);
  });

  it('covers every change in messages below 200 KB whose stretches do not overlap', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, (counts) => {
        const commits = counts.map((count, at) =>
          commit(
            at + 1,
            at,
            Array.from({ length: count }, (_, k) => put(`${at}-${k}-${'x'.repeat(20)}`)),
          ),
        );
        const messages = messagesOf(commits);
        const told = messages.flatMap(({ body }) => body.changes.map((change) => change.resource_id));
        expect(new Set(told).size).toBe(counts.reduce((sum, count) => sum + count, 0));
        let last = 0;
        for (const { id, body } of messages) {
          expect(JSON.stringify(body).length).toBeLessThan(200_000);
          expect(body.from_seq).toBeGreaterThan(last);
          expect(id).toBe(`pro_work:${body.from_seq}-${body.to_seq}`);
          last = body.to_seq;
        }
      }),
      { numRuns: 50, seed: 20_261_121 },
    );
  });
});
