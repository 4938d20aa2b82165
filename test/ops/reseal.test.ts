/** Rotating the sealing key: everything is sealed anew, nothing is lost on the way, and then the old key can go. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { AppDoc } from '../../domain/account.ts';
import { asProfileId, type ProfileId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { addClientSecret, createApp, secretContext } from '../../services/auth/registry.ts';
import { reseal } from '../../services/ops/reseal.ts';
import { createSealing, credentialsContext, type Sealing } from '../../services/sealing.ts';
import { openWorld, type World } from '../gateway/world.ts';
import { firstSync, startNode, type NodeUnderTest } from '../support/node-under-test.ts';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { scratch } from '../support/scratch.ts';

const key = (id: string) => ({ id, key: randomBytes(32) });
const [lost, old, fresh] = [key('lost'), key('old'), key('fresh')];
const before = createSealing([old], randomBytes);
const during = createSealing([fresh, old], randomBytes);
const after = createSealing([fresh], randomBytes);
const folder = scratch();

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

async function profileWith(id: ProfileId, credentials: ProfileDoc['credentials']): Promise<ProfileDoc> {
  const profile = { ...world.profile, _id: id, login: id, credentials };
  await world.documents.insert('profiles', profile);
  return profile;
}

const openedBy = (sealing: Sealing, { _id, credentials }: ProfileDoc): string | null =>
  credentials === null ? null : sealing.open(credentials, credentialsContext(_id));

const stored = async (id: ProfileId): Promise<ProfileDoc> => {
  const profile = await world.documents.get('profiles', id);
  if (profile === null) throw new Error(`there is no ${id}`);
  return profile;
};

it('seals every login and secret with the first key, leaves what it cannot open, and a repeat does nothing', async () => {
  const { documents } = world;
  const ids = Array.from({ length: 250 }, (_, k) => asProfileId(`pro_reseal_${k}`));
  for (const id of ids) await profileWith(id, before.seal(`password of ${id}`, credentialsContext(id)));
  const strange = asProfileId('pro_strange');
  await profileWith(strange, createSealing([lost], randomBytes).seal('x', credentialsContext(strange)));
  const registry = { ...world.registry, sealing: before };
  const { app, clientSecret } = await createApp(registry, 'rotating');
  const second = await addClientSecret(registry, app._id);
  // Made by the world with a key that nobody here has.
  const others = (await documents.find('allApps', {})).filter((one) => one._id !== app._id);

  const first = await reseal({ documents, sealing: during });
  expect(first).toEqual({ resealed: 252, current: 0, unsealable: 1 + others.length });
  for (const id of ids) expect(openedBy(after, await stored(id))).toBe(`password of ${id}`);
  const rotated = (await documents.get('apps', app._id)) as AppDoc;
  const secrets = rotated.secrets.map(({ sealed }) => after.open(sealed, secretContext(app._id)));
  expect(secrets).toEqual([second, clientSecret]);
  expect((await stored(strange)).credentials?.keyId).toBe('lost');

  const again = await reseal({ documents, sealing: during });
  expect(again).toEqual({ resealed: 0, current: 252, unsealable: 1 + others.length });
});

it('does not take a secret for current because its key had the id of the first one', async () => {
  const { documents } = world;
  const id = asProfileId('pro_namesake');
  await profileWith(id, createSealing([key('namesake')], randomBytes).seal('x', credentialsContext(id)));
  const outcome = await reseal({ documents, sealing: createSealing([key('namesake')], randomBytes) });
  expect(outcome).toMatchObject({ resealed: 0, current: 0 });
  expect(outcome.unsealable).toBeGreaterThan(0);
});

it('never writes over what was changed meanwhile', async () => {
  const { documents } = world;
  const id = asProfileId('pro_raced');
  await profileWith(id, before.seal('yesterday', credentialsContext(id)));
  const get = documents.get.bind(documents);
  // Between reading and writing the person connects again, with the old key still first on that node.
  const spy = vi.spyOn(documents, 'get').mockImplementation(async (...asked: Parameters<typeof get>) => {
    const found = await get(...asked);
    if (asked[1] !== id) return found;
    spy.mockRestore();
    const { rev, ...profile } = await stored(id);
    await documents.replace(
      'profiles',
      { ...profile, rev: rev + 1, credentials: before.seal('today', credentialsContext(id)) },
      rev,
    );
    return found;
  });
  await reseal({ documents, sealing: during });
  expect(openedBy(after, await stored(id))).toBe('today');
});

it('is a command, after which a node goes on with the new key alone', async () => {
  const server = await startModelServer();
  server.world.addCalendar('alice', 'Work');
  const dataDir = folder('data');
  const ring = (...ids: readonly ReturnType<typeof key>[]): string =>
    ids.map((one) => `${one.id}:${one.key.toString('base64')}`).join(',');
  const start = (keys: string): Promise<NodeUnderTest> => startNode({ dataDir, settings: { KALENDS_KEYS: keys } });
  const login = { url: server.url, username: 'alice', password: 'alice-password' };

  let node = await start(ring(old));
  const { profileId } = await node.connectCalDav(login);
  await firstSync(node.ops, profileId);
  await node.stop();

  node = await start(ring(fresh, old));
  expect(await node.ops('reseal')).toEqual({ resealed: 2, current: 0, unsealable: 0 });
  await node.stop();

  node = await start(ring(fresh));
  const credentials = (await node.node.documents.get('profiles', asProfileId(profileId)))?.credentials;
  expect(credentials?.keyId).toBe('fresh');
  const asked = server.log.length;
  await node.ops('nudge', { profile: profileId });
  await expect.poll(() => server.log.slice(asked).some((one) => one.status === 207), { timeout: 20_000 }).toBe(true);
  await node.stop();
  await server.stop();
});
