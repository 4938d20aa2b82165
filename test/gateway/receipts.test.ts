/** What was accepted has a receipt that tells what became of it, and a number without gaps. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KalendsError } from '../../domain/errors.ts';
import type { GrantId } from '../../domain/ids.ts';
import { createIntake } from '../../services/api/intake.ts';
import { at, openWorld, problemKeys, startMs, type World } from './world.ts';
import { minimal, writingTo } from './upserts.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const { lastIntent, upsert } = writingTo(() => world);

describe('the receipt', () => {
  it('tells what became of the write', async () => {
    const answer = await upsert(minimal);
    const path = `/v1/operations/${answer.headers.get('x-kalends-operation')}`;
    const { _id, rev } = await lastIntent();
    expect(at(await world.ask(path), 'operation')).toMatchObject({
      kind: 'upsert',
      event_id: 'e1',
      calendar_id: world.calendar._id,
      state: 'queued',
      reason: null,
      merged_into: null,
      accepted_at: '2026-11-21T09:30:00Z',
      settled_at: null,
    });
    const reason = { code: 'quota_exceeded', description: 'the calendar is full' };
    const settled = {
      ...(await lastIntent()),
      rev: rev + 1,
      state: 'rejected',
      open: 0,
      reason,
      settledAtMs: startMs + 5_000,
    } as const;
    expect(_id).toBe(settled._id);
    await world.documents.replace('intents', settled, rev);
    expect(at(await world.ask(path), 'operation')).toMatchObject({
      state: 'rejected',
      reason,
      settled_at: '2026-11-21T09:30:05Z',
    });
  });

  it('is nobody else’s', async () => {
    const path = `/v1/operations/${(await upsert(minimal)).headers.get('x-kalends-operation')}`;
    const stranger = await world.tokenFor(await world.addAccount('stranger'));
    expect((await world.ask(path, { token: stranger })).status).toBe(404);
    expect((await world.ask('/v1/operations/op_unknown')).status).toBe(404);
  });
});

describe('numbering', () => {
  it('is without gaps in the order of acceptance, with many at once and in two processes', async () => {
    const { _id: profileId } = await world.addProfile(world.account);
    const caller = {
      appId: world.account.appId,
      accountId: world.account._id,
      grantId: 'grt_1' as GrantId,
      scopes: [],
    };
    const wish = (eventId: string) => ({ kind: 'delete', calendarId: world.calendar._id, eventId }) as const;
    const context = {
      documents: world.documents,
      clock: world.clock,
      random: world.registry.random,
      nudge: () => undefined,
    };
    const [here, there] = [createIntake(context), createIntake(context)];
    const accepted = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (index % 2 ? here : there).accept(caller, profileId, wish(`e${index}`))),
    );
    const intents = await world.documents.find('intentsOfProfile', { profileId });
    expect(intents.map((one) => one.n)).toEqual(intents.map((_, index) => index + 1));
    expect(intents).toHaveLength(60);
    for (const half of [0, 1]) {
      const numbers = accepted.filter((_, index) => index % 2 === half).map((one) => one.n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it('takes no number for accepted that the store did not keep', async () => {
    const { _id: profileId } = await world.addProfile(world.account);
    const calendar = await world.addCalendar({ ...world.profile, _id: profileId }, 'Full disk');
    expect((await upsert(minimal, calendar._id)).status).toBe(202);
    const full = new KalendsError('store_full', 'the disk is full');
    const insert = vi.spyOn(world.documents, 'insert').mockRejectedValue(full);
    const refused = await upsert(minimal, calendar._id);
    insert.mockRestore();
    expect([refused.status, problemKeys(refused, 'base')]).toEqual([503, ['errors.unavailable']]);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await upsert(minimal, calendar._id)).status).toBe(202);
    const intents = await world.documents.find('intentsOfProfile', { profileId });
    expect(intents.map((one) => one.n)).toEqual([1, 2]);
  });
});
