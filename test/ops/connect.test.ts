/** Connecting a login: what kind of account it makes is said by what its provider can do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type ConnectContext } from '../../services/ops/connect.ts';
import { openWorld, type World } from '../gateway/world.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

it.each([
  [true, 'account'],
  [false, 'application_calendar'],
] as const)('with another side to pull from: %s, so it is one of kind %s', async (pull, kind) => {
  const { provider } = createMemoryProvider({ capabilities: { pull } });
  const context: ConnectContext = {
    ...world.registry,
    provider: () => provider,
    sealCredentials: () => null,
    nudge: () => undefined,
  };
  const { account_id: id } = await connect(context, {
    provider: 'memory',
    app: `with ${kind}`,
    address: 'anything',
    credentials: { kind: 'none' },
    timeZone: 'Etc/UTC',
  });
  expect((await world.documents.get('accounts', id))?.kind).toBe(kind);
});
