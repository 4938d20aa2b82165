/**
 * A client that takes silence for deletion, and is right as long as servers keep to RFC 4791 7.9.
 *
 * When a calendar's token moves it learns from the delta what is new, asks in one multiget for that (`named`) or for
 * everything that it holds as well (`all`), and reports what is not in the answer as deleted. On an honest server, which
 * answers 404 for what is gone, it never reports a wrong deletion.
 */
import { modelHttp } from '../support/caldav-model/http.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { diceOf, minute, password, pathOf, personOf, startMs } from './fleet.ts';

interface Held {
  token: string;
  /** Ref → etag. */
  readonly events: Map<string, string>;
  dueAtMs: number;
}

export interface NaiveClient {
  /** Every calendar that is due is looked at. */
  step(): Promise<void>;
  /** How many requests it sent. */
  readonly asked: () => number;
  readonly holds: (person: string) => ReadonlySet<string>;
}

/** `named`: what the delta names as changed, with its word about what is gone; as Kalends does. */
export type NaiveHabit = 'all' | 'named';

export type NaiveReport = (person: string, ref: string, kind: 'put' | 'removed') => void;

export function createNaiveClient(
  server: ModelServer,
  clock: FakeClock,
  people: number,
  habit: NaiveHabit,
  report: NaiveReport,
): NaiveClient {
  const http = modelHttp(server, clock);
  const held = new Map<string, Held>();
  const dice = diceOf(77);
  let asked = 0;
  for (let k = 0; k < people; k += 1)
    held.set(personOf(k), { token: '', events: new Map(), dueAtMs: startMs + Math.floor(dice() * 5 * minute) });

  async function send(person: string, body: string): Promise<string> {
    asked += 1;
    const authorization = `Basic ${Buffer.from(`${person}:${password}`).toString('base64')}`;
    const response = await http({
      method: 'REPORT',
      url: server.origins[0] + pathOf(person),
      headers: { authorization, depth: '1', 'content-type': 'application/xml' },
      body,
      timeoutMs: minute,
      maxBytes: 10_000_000,
    });
    return response.text;
  }

  async function delta(person: string, one: Held): Promise<readonly Row[]> {
    const text = await send(
      person,
      `<sync-collection xmlns="DAV:"><sync-token>${one.token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`,
    );
    one.token = /sync-token>([^<]*)</.exec(text)?.[1] ?? one.token;
    return rowsOf(text);
  }

  async function look(person: string, one: Held): Promise<void> {
    const before = one.token;
    const rows = await delta(person, one);
    if (one.token === before) return;
    const drop = (ref: string): void => {
      if (one.events.delete(ref)) report(person, ref, 'removed');
    };
    const changed = rows.flatMap((row) => (row.etag === null ? [] : [row.ref]));
    // Who asks for everything hears of removals from the multiget, too.
    if (habit === 'named') for (const row of rows) if (row.etag === null) drop(row.ref);
    const refs = [...new Set(habit === 'all' ? [...one.events.keys(), ...changed] : changed)];
    if (refs.length === 0) return;
    const hrefs = refs.map((ref) => `<D:href>${pathOf(person)}${ref}</D:href>`).join('');
    const text = await send(
      person,
      `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs}</C:calendar-multiget>`,
    );
    const answered = new Map(rowsOf(text).flatMap((row) => (row.etag === null ? [] : [[row.ref, row.etag] as const])));
    for (const ref of refs) {
      const etag = answered.get(ref);
      if (etag === undefined) drop(ref);
      else if (one.events.get(ref) !== etag) {
        one.events.set(ref, etag);
        report(person, ref, 'put');
      }
    }
  }

  return {
    asked: () => asked,
    holds: (person) => new Set(held.get(person)?.events.keys()),
    step: async () => {
      for (const [person, one] of held) {
        if (one.dueAtMs > clock.now()) continue;
        await look(person, one);
        one.dueAtMs = clock.now() + Math.floor((4.5 + dice()) * minute);
      }
    },
  };
}

interface Row {
  readonly ref: string;
  /** Null where the server says that it is not there. */
  readonly etag: string | null;
}

const rowsOf = (text: string): Row[] =>
  [...text.matchAll(/<(?:\w+:)?response>.*?<\/(?:\w+:)?response>/gs)].flatMap(([row]) => {
    const ref = /([^/>]+\.ics)</.exec(row)?.[1];
    const etag = /getetag>([^<]*)</.exec(row)?.[1] ?? null;
    return ref === undefined ? [] : [{ ref, etag }];
  });
