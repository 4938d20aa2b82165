/** The CalDAV provider on the model server in memory: no sockets, faults by switch. */
import type { Clock } from '../../domain/clock.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import type { Provider, Session } from '../../providers/provider.ts';
import { modelHttp } from '../support/caldav-model/http.ts';
import { createModelServer, type ModelServer, type ModelServerOptions } from '../support/caldav-model/server.ts';
import { useSecret } from '../support/traces.ts';
import { watch, type WatchedWire } from './caldav-under-test.ts';

/** Time passes only for those who sleep. */
export function skippingClock(startMs = Date.UTC(2026, 10, 21, 9)): Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          if (signal?.aborted === true) return reject(new Error('aborted'));
          nowMs += ms;
          return resolve();
        });
      }),
    breathe: () => Promise.resolve(),
  };
}

export interface ModelSession {
  readonly server: ModelServer;
  readonly provider: Provider;
  readonly session: Session;
  readonly wire: WatchedWire;
  readonly clock: Clock;
  /** Path of the calendar in the world. */
  readonly path: string;
  /** Its ref in the port. */
  readonly calendar: string;
}

/** A connected session with one calendar, `work`. Faults that hit everything would hit connecting too: set them after. */
export async function modelSession(options: Partial<ModelServerOptions> = {}): Promise<ModelSession> {
  const clock = skippingClock();
  let rolled = 0;
  // Any numbers will do as long as they are the same in every run.
  const random = (): number => (rolled = (rolled * 16_807 + 11) % 2_147_483_647) / 2_147_483_647;
  const server = createModelServer({ clock, random, ...options });
  const credentials = { kind: 'password', username: 'alice', password: 'what-alice-typed' } as const;
  useSecret(credentials.password, credentials.username);
  server.world.addUser(credentials.username, credentials.password);
  const path = server.world.addCalendar('alice', 'work');
  const wire = watch(modelHttp(server, clock));
  const provider = createCalDav({ http: wire.http, clock, random });
  const signal = new AbortController().signal;
  const { root } = await provider.connect({ address: server.origins[0], credentials }, signal);
  wire.forget();
  return { server, provider, session: { root, credentials, signal }, wire, clock, path, calendar: 'work/' };
}
