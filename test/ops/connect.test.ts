/** Connecting a login: what kind of account it makes is said by what its provider can do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccountId, AppId } from '../../domain/ids.ts';
import { addClientSecret, createApp } from '../../services/auth/registry.ts';
import { connect, type ConnectContext, type ConnectInput } from '../../services/ops/connect.ts';
import { openWorld, type World } from '../gateway/world.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const { provider: other } = createMemoryProvider();
const contextOf = (provider = other): ConnectContext => ({
  ...world.registry,
  provider: () => provider,
  sealCredentials: () => null,
  nudge: () => undefined,
  turn: null,
});
const input: ConnectInput = { provider: 'memory', app: 'tests', address: 'anything', credentials: { kind: 'none' } };
const zoneOf = async (id: AccountId) => (await world.documents.get('accounts', id))?.timeZone;

it.each([
  [true, 'account'],
  [false, 'application_calendar'],
] as const)('with another side to pull from: %s, so it is one of kind %s', async (pull, kind) => {
  const { provider } = createMemoryProvider({ capabilities: { pull } });
  const { account_id: id } = await connect(contextOf(provider), { ...input, app: `with ${kind}`, timeZone: 'Etc/UTC' });
  expect((await world.documents.get('accounts', id))?.kind).toBe(kind);
});

it('refuses a zone that there is not, and anything that is empty, before anybody is asked and with nothing left', async () => {
  const context = { ...contextOf(), provider: () => expect.unreachable() };
  const password = { kind: 'password', username: 'ada', password: 'secret' } as const;
  const wrong: readonly Partial<ConnectInput>[] = [
    { timeZone: 'Europe/Berlinn' },
    { timeZone: 'Mars/Phobos' },
    { timeZone: '' },
    { app: ' ' },
    { address: '' },
    { credentials: { ...password, username: '' } },
    { credentials: { ...password, password: '' } },
  ];
  for (const one of wrong)
    await expect(connect(context, { ...input, app: 'nobody', ...one })).rejects.toMatchObject({
      code: 'invalid_input',
      next: expect.any(String),
    });
  expect(await world.documents.find('appsByName', { name: 'nobody' })).toEqual([]);
});

it('a zone that is given again is corrected, and one that is not given again stays', async () => {
  const first = await connect(contextOf(), { ...input, address: 'zoned', timeZone: 'europe/berlin' });
  expect(await zoneOf(first.account_id)).toBe('Europe/Berlin');
  for (const [timeZone, expected] of [
    [undefined, 'Europe/Berlin'],
    ['CET', 'CET'],
  ] as const) {
    const again = await connect(contextOf(), { ...input, address: 'zoned', ...(timeZone ? { timeZone } : {}) });
    expect(again).toMatchObject({ account_id: first.account_id, created: false });
    expect(await zoneOf(first.account_id)).toBe(expected);
  }
});

it('keeps all addresses of the person, those that it was told last', async () => {
  const told = async (email: string | null, aliases: readonly string[]) => {
    const found = async (...asked: Parameters<typeof other.connect>) => {
      return { ...(await other.connect(...asked)), email, aliases };
    };
    const { profile_id: id } = await connect(contextOf({ ...other, connect: found }), { ...input, app: 'addresses' });
    return world.documents.get('profiles', id);
  };
  const first = { email: 'jane@example.com', aliases: ['jd@example.com'] };
  expect(await told(first.email, first.aliases)).toMatchObject(first);
  const second = { email: 'jd@example.com', aliases: ['jane@example.com', 'j@work.example'] };
  expect(await told(second.email, second.aliases)).toMatchObject(second);
});

it('an application needs a name of its own', async () => {
  await createApp(world.registry, 'taken');
  await expect(createApp(world.registry, 'taken')).rejects.toMatchObject({
    code: 'duplicate_key',
    message: 'there is an application called taken already',
    next: expect.stringContaining('ops apps'),
  });
  await expect(createApp(world.registry, '')).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(addClientSecret(world.registry, 'taken' as AppId)).rejects.toMatchObject({
    code: 'not_known',
    next: expect.stringContaining('ops apps'),
  });
});
