/** The other side of a profile under test: people with calendars, in memory or behind the model CalDAV server. */
import { createApplication } from '../../../providers/application/application.ts';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Credentials, Provider } from '../../../providers/provider.ts';
import type { Clock, Random } from '../../../domain/clock.ts';
import type { ProviderRoot } from '../../../domain/profile.ts';
import { modelHttp } from '../../support/caldav-model/http.ts';
import { createModelServer, type ModelServer, type ModelServerOptions } from '../../support/caldav-model/server.ts';
import { useSecret } from '../../support/traces.ts';
import { createMemoryProvider, type MemoryWorld } from '../../support/memory-provider.ts';

/** What people do and see; `calendar` is a calendar's ref, `ref` a resource's. */
export interface OtherSide {
  readonly provider: Provider;
  readonly root: ProviderRoot;
  readonly credentials: Credentials;
  addCalendar(name: string): string;
  removeCalendar(calendar: string): void;
  /** IANA name; absent where the world cannot do it. */
  setTimeZone?(calendar: string, timeZone: string): void;
  put(calendar: string, ref: string, body: string): void;
  remove(calendar: string, ref: string): void;
  /** Calendar → ref → body. */
  contents(): ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export type MemorySide = OtherSide & { readonly world: MemoryWorld };
export type ModelSide = OtherSide & { readonly server: ModelServer };

export function memorySide(clock: Clock): MemorySide {
  const { provider, world } = createMemoryProvider({ now: () => clock.now() });
  const calendars = new Set<string>();
  return {
    provider,
    world,
    root: { home: 'memory' },
    credentials: { kind: 'none' },
    addCalendar: (name) => {
      const ref = `${name}/`;
      world.addCalendar(ref, { name });
      calendars.add(ref);
      return ref;
    },
    removeCalendar: (calendar) => world.removeCalendar(calendar),
    setTimeZone: (calendar, timeZone) => world.addCalendar(calendar, { name: calendar.slice(0, -1), timeZone }),
    put: (calendar, ref, body) => void world.put(calendar, ref, body),
    remove: (calendar, ref) => world.remove(calendar, ref),
    contents: () => {
      const made = world.calls.flatMap(({ method, calendar }) => (method === 'makeCalendar' ? [calendar ?? ''] : []));
      return new Map([...new Set([...calendars, ...made])].flatMap((ref) => bodiesOf(world, ref)));
    },
  };
}

/** Nothing for a calendar that is no more. */
function bodiesOf(world: MemoryWorld, ref: string): [string, ReadonlyMap<string, string>][] {
  try {
    return [[ref, world.contents(ref)]];
  } catch {
    return [];
  }
}

const home = '/calendars/alice/';

/** `seen` is told of every request with its answer. */
export function modelSide(clock: Clock, random: Random, options: Pick<ModelServerOptions, 'seen'> = {}): ModelSide {
  const server = createModelServer({ clock, random, ...options });
  const credentials = { kind: 'password', username: 'alice', password: 'what-alice-typed' } as const;
  useSecret(credentials.password, credentials.username);
  server.world.addUser(credentials.username, credentials.password);
  const http = modelHttp(server, clock);
  return {
    server,
    provider: createCalDav({ http, clock, random }),
    root: { server: server.origins[0], home, software: 'model' },
    credentials,
    addCalendar: (name) => server.world.addCalendar('alice', name, { segment: name }).slice(home.length),
    removeCalendar: (calendar) => server.world.removeCalendar(home + calendar),
    put: (calendar, ref, body) => void server.world.put(home + calendar, ref, body),
    remove: (calendar, ref) => server.world.remove(home + calendar, ref),
    contents: () =>
      new Map([...server.world.contents('alice')].map(([path, bodies]) => [path.slice(home.length), bodies])),
  };
}

/** An application calendar: there is nobody, and nothing to see but what the log says. */
export const applicationSide = (): OtherSide => ({
  provider: createApplication(),
  root: {},
  credentials: { kind: 'none' },
  addCalendar: (name) => `${name}/`,
  removeCalendar: () => undefined,
  put: () => undefined,
  remove: () => undefined,
  contents: () => new Map(),
});
