/** Waiting for the outcome of an intent. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import type { GrantId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { createAwaitIntent } from '../../services/api/await-intent.ts';
import { createIntake } from '../../services/api/intake.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let intent: IntentDoc;
beforeEach(async () => {
  world = await openWorld();
  const { documents, clock, registry, account, profile, calendar } = world;
  const intake = createIntake({ documents, clock, random: registry.random, nudge: () => undefined });
  const caller = { appId: account.appId, accountId: account._id, grantId: 'grt_1' as GrantId, scopes: [] };
  intent = await intake.accept(caller, profile._id, { kind: 'delete', calendarId: calendar._id, eventId: 'e' });
});
afterEach(() => world.stop());

const wait = () => createAwaitIntent(world.documents, world.clock)(intent.profileId, intent.n);

it('an intent is answered soon after it is settled', async () => {
  const waiting = wait();
  await world.clock.advance(1_000);
  await world.documents.replace('intents', { ...intent, rev: 2, open: 0, state: 'written' }, 1);
  await world.clock.advance(400);
  expect(await waiting).toMatchObject({ operationId: intent.operationId, state: 'written' });
  expect(world.clock.sleepers()).toBe(0);
});

it('an intent that stays open is given up after ten seconds', async () => {
  const waiting = wait();
  await world.clock.advance(9_000);
  expect(world.clock.sleepers()).toBe(1);
  await world.clock.advance(1_400);
  expect(await waiting).toBeNull();
  expect(world.clock.sleepers()).toBe(0);
});
