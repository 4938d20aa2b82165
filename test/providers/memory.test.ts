/** The provider contract on the provider in memory. */
import { providerContract } from '../contracts/provider.contract.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

providerContract('memory', { otherSide: true, network: false, passwords: true }, () => {
  const { provider, world } = createMemoryProvider();
  world.password = 'right';
  world.pageSize = 2;
  return Promise.resolve({
    provider,
    addresses: ['anything'],
    credentials: { kind: 'password', username: 'alice', password: 'right' },
    wrong: { kind: 'password', username: 'alice', password: 'wrong' },
    people: {
      makeCalendar: (name) => {
        const ref = `${encodeURIComponent(name)}/`;
        world.addCalendar(ref, { name });
        return Promise.resolve(ref);
      },
      removeCalendar: (ref) => Promise.resolve(world.removeCalendar(ref)),
      put: (calendar, ref, body) => Promise.resolve(void world.put(calendar, ref, body)),
      remove: (calendar, ref) => Promise.resolve(world.remove(calendar, ref)),
    },
    wire: null,
    stop: () => Promise.resolve(),
  });
});
