/** What operators are shown of profiles. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { asProfileId } from '../../domain/ids.ts';
import { revise } from '../../services/ops/connect.ts';
import type { Provider } from '../../providers/provider.ts';
import { ask } from '../../services/ops/ask.ts';
import { inspectProfile, listProfiles } from '../../services/ops/profiles.ts';
import { openWorld, type World } from '../gateway/world.ts';

let world: World;
const provider = () => ({ hostOf: (root) => root['server'] ?? null }) as Pick<Provider, 'hostOf'> as Provider;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

it('the list of profiles has every one, however many there are', async () => {
  const { documents, profile } = world;
  const others = Array.from({ length: 1_200 }, (_, index) => {
    const id = asProfileId(`pro_${index}`);
    return { ...profile, _id: id, login: id };
  });
  await documents.insertMany('profiles', others);
  const listed = await listProfiles({ documents, provider });
  expect(new Set(listed.map((one) => one.profile_id)).size).toBe(1_201);
});

it('the last word of an operator counts', async () => {
  const { documents, profile, clock } = world;
  const context = { documents, clock, nudge: () => undefined };
  for (const request of ['disconnect', 'relinked', 'disconnect', 'disconnect'] as const)
    await revise(context, profile._id, request);
  const requests = (await documents.get('profiles', profile._id))?.requests;
  expect(requests).toEqual(['disconnect', 'relinked', 'disconnect']);
});

it('says which machine the calendars of a profile are on, and what was typed to find it', async () => {
  const { documents, account } = world;
  const _id = asProfileId('pro_placed');
  const root = { server: 'dav.example.com' };
  await world.addProfile(account, { _id, login: 'placed', root, address: 'ada@example.com' });
  expect((await listProfiles({ documents, provider })).find((one) => one.profile_id === _id)).toMatchObject({
    account_id: account._id,
    host: 'dav.example.com',
  });
  expect(await inspectProfile({ documents, provider }, _id)).toMatchObject({
    host: 'dav.example.com',
    address: 'ada@example.com',
    root,
  });
});

it('refuses to ask anything of a disconnected profile, and says what to do', async () => {
  const { documents, account, clock } = world;
  const _id = asProfileId('pro_left');
  const state = { name: 'disconnected', sinceMs: clock.now() } as const;
  await world.addProfile(account, { _id, login: 'left', state });
  const context = { documents, clock, nudge: () => undefined, turn: null };
  for (const kind of ['pull', 'reinstate', 'resync'] as const)
    await expect(ask(context, _id, kind)).rejects.toMatchObject({
      code: 'profile_locked',
      next: expect.stringContaining('kalends connect'),
    });
  expect((await documents.get('profiles', _id))?.requests).toEqual([]);
});

it('says that a request waits where nobody runs', async () => {
  const { documents, profile, clock } = world;
  const context = { documents, clock, nudge: () => undefined };
  const turn = () => Promise.resolve();
  expect(await ask({ ...context, turn: null }, profile._id, 'pull')).toMatchObject({ asked: 'pull', next: null });
  expect((await ask({ ...context, turn }, profile._id, 'pull')).next).toContain('kalends start');
});
