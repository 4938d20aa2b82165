/** What operators are shown of profiles. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { asProfileId } from '../../domain/ids.ts';
import { listProfiles } from '../../services/ops/profiles.ts';
import { openWorld, type World } from '../gateway/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

it('the list of profiles has every one, however many there are', async () => {
  const { documents, profile } = world;
  const others = Array.from({ length: 1_200 }, (_, index) => ({ ...profile, _id: asProfileId(`pro_${index}`) }));
  await documents.insertMany('profiles', others);
  const listed = await listProfiles({ documents });
  expect(new Set(listed.map((one) => one.profile_id)).size).toBe(1_201);
});
