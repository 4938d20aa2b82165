/** The other side of a sync that is measured: calendars in memory, behind a provider in memory or behind CalDAV. */
import type { Clock } from '../../domain/clock.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import type { Credentials, Provider } from '../../providers/provider.ts';
import { modelHttp } from '../../test/support/caldav-model/http.ts';
import { createModelServer } from '../../test/support/caldav-model/server.ts';
import { createMemoryProvider } from '../../test/support/memory-provider.ts';

export type Over = 'memory' | 'caldav';

export interface World {
  readonly provider: Provider;
  readonly credentials: Credentials;
  readonly profile: Pick<ProfileDoc, 'provider' | 'root'>;
  put(calendar: string, ref: string, body: string): void;
  remove(calendar: string, ref: string): void;
  /** Resources of all calendars. */
  size(): number;
  /** Requests so far, by kind. */
  requests(): Readonly<Record<string, number>>;
  /** Processor time that the other side took so far, as far as it can be told apart. */
  cpuMs(): number;
}

const countsOf = (kinds: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]));

/** `calendars`: `name/`. */
export const worldOf = (over: Over, clock: Clock, calendars: readonly string[]): World =>
  over === 'memory' ? memoryWorld(clock, calendars) : calDavWorld(clock, calendars);

function memoryWorld(clock: Clock, calendars: readonly string[]): World {
  const { provider, world } = createMemoryProvider({ now: () => clock.now() });
  for (const calendar of calendars) world.addCalendar(calendar, { name: calendar });
  return {
    provider,
    credentials: { kind: 'none' },
    profile: { provider: 'memory', root: { home: 'memory' } },
    put: (calendar, ref, body) => void world.put(calendar, ref, body),
    remove: (calendar, ref) => world.remove(calendar, ref),
    size: () => calendars.reduce((sum, calendar) => sum + world.contents(calendar).size, 0),
    requests: () => countsOf(world.calls.map(({ method }) => method)),
    cpuMs: () => 0,
  };
}

const someone = { username: 'someone', password: 'their-password' };
const home = `/calendars/${someone.username}/`;

function calDavWorld(clock: Clock, calendars: readonly string[]): World {
  const server = createModelServer({ clock, random: () => 0.5 });
  const { world } = server;
  world.addUser(someone.username, someone.password);
  for (const calendar of calendars) world.addCalendar(someone.username, calendar, { segment: calendar.slice(0, -1) });
  let cpuMs = 0;
  // One turn runs at a time, and waits for its answer: what is used meanwhile is the server's.
  const respond: typeof server.respond = async (request) => {
    const before = process.cpuUsage();
    const answer = await server.respond(request);
    const { user, system } = process.cpuUsage(before);
    cpuMs += (user + system) / 1_000;
    return answer;
  };
  return {
    provider: createCalDav({ http: modelHttp({ ...server, respond }, clock), clock, random: () => 0.5 }),
    credentials: { kind: 'password', ...someone },
    profile: { provider: 'caldav', root: { server: server.origins[0], home, software: 'model' } },
    put: (calendar, ref, body) => void world.put(home + calendar, ref, body),
    remove: (calendar, ref) => world.remove(home + calendar, ref),
    size: () => calendars.reduce((sum, calendar) => sum + world.names(home + calendar).length, 0),
    requests: () => countsOf(server.log.map(({ report, method }) => report ?? method)),
    cpuMs: () => cpuMs,
  };
}
