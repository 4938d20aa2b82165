/** A model server in memory with one person, one calendar and six events, for the scenarios of single faults. */
import { createModelServer, type ModelServer } from '../support/caldav-model/server.ts';
import type { LogEntry, ModelAnswer } from '../support/caldav-model/exchange.ts';
import { basicAuthorization, xmlNamespaces } from '../support/caldav-server.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { event, multigetBody, rowsOf, syncBody } from './sequences.ts';

export const calendar = '/calendars/alice/work/';

export interface FaultKit {
  readonly server: ModelServer;
  readonly clock: FakeClock;
  /** Sends one request; time goes on by itself until it is answered. */
  ask(method: string, path: string, more?: Ask): Promise<ModelAnswer>;
  /** All rows of a multiget of all six events and one that is not there, as `./a.ics props with-etag with-body`. */
  multiget(): Promise<readonly string[]>;
  propfind(path: string, depth: 0 | 1): Promise<ModelAnswer>;
  sync(token: string, limit?: number): Promise<ModelAnswer>;
  put(name: string, body?: string, headers?: Readonly<Record<string, string>>): Promise<ModelAnswer>;
  rows(answer: ModelAnswer): readonly string[];
  last(): LogEntry;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly origin?: string;
  readonly password?: string;
}

/** Names of the six events. */
export const names = ['e1.ics', 'e2.ics', 'e3.ics', 'e4.ics', 'e5.ics', 'e6.ics'] as const;

export function faultKit(): FaultKit {
  const clock = createFakeClock(Date.UTC(2026, 0, 1, 12));
  const server = createModelServer({ clock, random: sequence(7) });
  server.world.addUser('alice', 'secret');
  server.world.addCalendar('alice', 'Work', { color: '#ff0000' });
  for (const name of names) server.world.put(calendar, name, event(`u-${name}`, name));
  const ask: FaultKit['ask'] = async (method, path, more = {}) => {
    const authorization = basicAuthorization('alice', more.password ?? 'secret');
    const answering = server.respond({
      method,
      url: (more.origin ?? server.origins[0]) + path,
      headers: { authorization, ...more.headers },
      body: more.body ?? '',
    });
    await clock.advance(20_000);
    return answering;
  };
  const rows: FaultKit['rows'] = (given) => rowsOf(given.body, server.origins[0] + calendar);
  return {
    server,
    clock,
    ask,
    rows,
    multiget: async () => {
      const hrefs = [...names.slice(0, 3), 'never.ics', ...names.slice(3)].map((name) => calendar + name);
      return rows(await ask('REPORT', calendar, { body: multigetBody(hrefs) }));
    },
    propfind: (path, depth) =>
      ask('PROPFIND', path, {
        headers: { depth: String(depth) },
        body: `<d:propfind ${xmlNamespaces}><d:prop><d:getetag/><d:sync-token/><d:resourcetype/><c:calendar-home-set/></d:prop></d:propfind>`,
      }),
    sync: (token, limit) => ask('REPORT', calendar, { body: syncBody(token, limit) }),
    put: (name, body = event(`u-${name}`, 'changed'), headers = {}) => ask('PUT', calendar + name, { body, headers }),
    last: () => {
      const entry = server.log.at(-1);
      if (entry === undefined) throw new Error('nothing was asked yet');
      return entry;
    },
  };
}

/** A small repeatable generator (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
