/** The provider contract on the provider in memory. */
import { describe, expect, test } from 'vitest';
import { KalendsError } from '../../domain/errors.ts';
import { failure } from '../contracts/provider-subject.ts';
import { providerContract } from '../contracts/provider.contract.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

providerContract(
  'memory',
  { otherSide: true, network: false, passwords: true, pages: true, scheduleTags: false },
  () => {
    const { provider, afresh, world } = createMemoryProvider();
    world.password = 'right';
    return Promise.resolve({
      provider,
      afresh,
      addresses: ['anything'],
      credentials: { kind: 'password', username: 'alice', password: 'right' },
      wrong: { kind: 'password', username: 'alice', password: 'wrong' },
      movedFrom: () => ({ home: 'elsewhere' }),
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
      deadEnds: null,
      paging: (rows) => {
        world.pageSize = rows ?? 1_000;
      },
      stop: () => Promise.resolve(),
    });
  },
);

describe('the controls of the world in memory', () => {
  const lost = () => new KalendsError('timed_out', 'no answer came in time');

  async function connected() {
    const { provider, world } = createMemoryProvider();
    const signal = new AbortController().signal;
    const credentials = { kind: 'none' } as const;
    const { root } = await provider.connect({ address: '', credentials }, signal);
    world.addCalendar('work/');
    return { provider, world, session: { root, credentials, signal } };
  }
  const request = (ref: string) =>
    ({ calendar: 'work/', ref, body: 'x', format: 'icalendar', precondition: { kind: 'create' } }) as const;

  test('the next calls of a method fail, before or after their effect, and then it works again', async () => {
    const { provider, world, session } = await connected();
    world.failNext('put', lost, 2);
    world.failNextAfterEffect('put', lost);
    for (const ref of ['a', 'b', 'c']) {
      expect((await failure(provider.put(session, request(ref)))).code).toBe('timed_out');
    }
    expect([...world.contents('work/').keys()]).toEqual(['c']);
    await provider.put(session, request('d'));
    expect(world.count('put')).toBe(4);
    expect(world.calls.at(-1)).toEqual({ method: 'put', calendar: 'work/', ref: 'd' });
  });

  test('forgotten tokens, and tokens of a calendar’s earlier life, end in a resync', async () => {
    const { provider, world, session } = await connected();
    const { token } = await provider.version(session, 'work/');
    world.forgetTokens('work/');
    expect((await failure(provider.changes(session, 'work/', token ?? ''))).verdict).toBe('resync');
    const later = await provider.version(session, 'work/');
    world.removeCalendar('work/');
    world.addCalendar('work/');
    expect((await failure(provider.changes(session, 'work/', later.token ?? ''))).verdict).toBe('resync');
  });

  test('what people put and remove is what the provider sees', async () => {
    const { provider, world, session } = await connected();
    const { token } = await provider.version(session, 'work/');
    world.put('work/', 'a.ics', 'body');
    world.remove('work/', 'a.ics');
    const page = await provider.changes(session, 'work/', token ?? '');
    expect(page.removed.map(({ ref }) => ref)).toEqual(['a.ics']);
    expect(() => world.remove('work/', 'a.ics')).toThrow();
  });
});
