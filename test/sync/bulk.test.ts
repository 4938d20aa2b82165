/** A bulk delete keeps what it waits for in each calendar, and takes none of it along into another. */
import { expect, test } from 'vitest';
import type { AccountId, AppId, CalendarId, OperationId, ProfileId } from '../../domain/ids.ts';
import { newIntent } from '../../domain/intent.ts';
import { goInto } from '../../domain/sync/bulk.ts';

const [work, home] = ['cal_work', 'cal_home'] as [CalendarId, CalendarId];
const owner = { profileId: 'pro_1' as ProfileId, accountId: 'acc_1' as AccountId, appId: 'app_1' as AppId };
const intent = newIntent({
  owner,
  n: 1,
  operationId: 'opr_1' as OperationId,
  wish: { kind: 'delete_all', calendarIds: null },
  nowMs: 0,
  expiresAtMs: 1,
});

test('the read that it waits for in one calendar is not waited for in another, and still is where it comes back to', () => {
  const waiting = { notBeforeMs: 5, conflicts: 1, afterReadMs: 7, afterReadSeq: 9 };
  const there = goInto({ ...goInto(intent, work), ...waiting }, home);
  expect(there).toMatchObject({ notBeforeMs: 0, conflicts: 0 });
  expect(there.afterReadMs).toBeUndefined();
  expect(there.afterReadSeq).toBeUndefined();
  expect(goInto(there, work)).toMatchObject(waiting);
});
