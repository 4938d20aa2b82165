/** What operators are shown of profiles. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { asProfileId } from '../../domain/ids.ts';
import { revise } from '../../services/ops/connect.ts';
import { listProfiles } from '../../services/ops/profiles.ts';
import { openWorld, type World } from '../gateway/world.ts';

let world: World;
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
  const listed = await listProfiles({ documents });
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
