/** What the provider port says of all its methods, and of what its failures prove. */
import { expect } from 'vitest';
import { KalendsError, type ErrorCode } from '../../domain/errors.ts';
import type { Provider, Session } from '../../providers/provider.ts';
import { eventBody, failure, type DeadEnd, type ProviderUnderTest, type Suite } from './provider-subject.ts';

/** Methods that ask somebody, so that a new one cannot be forgotten here. */
export type AskingMethod = {
  [M in keyof Provider]: Provider[M] extends (...parameters: never[]) => Promise<unknown> ? M : never;
}[keyof Provider];

type Calls = Readonly<Record<AskingMethod, () => Promise<unknown>>>;

interface Place {
  readonly address: string;
  readonly session: Session;
  readonly calendar: string;
}

/** One call of each, to one place. */
export function callsOf(
  { provider }: Pick<ProviderUnderTest, 'provider'>,
  { address, session, calendar }: Place,
): Calls {
  const { credentials, signal } = session;
  const body = eventBody(calendar, 'one', 'One');
  return {
    connect: () => provider.connect({ address, credentials }, signal),
    rediscover: () => provider.rediscover(session, address),
    listCalendars: () => provider.listCalendars(session),
    getCalendar: () => provider.getCalendar(session, calendar),
    version: () => provider.version(session, calendar),
    list: () => provider.list(session, calendar, { withBodies: true, inParts: false }),
    changes: () => provider.changes(session, calendar, 'token'),
    fetch: () => provider.fetch(session, calendar, ['one.ics']),
    get: () => provider.get(session, calendar, 'one.ics'),
    put: () =>
      provider.put(session, { calendar, ref: 'one.ics', body, format: 'icalendar', precondition: { kind: 'create' } }),
    remove: () => provider.remove(session, { calendar, ref: 'one.ics', precondition: null }),
    makeCalendar: () => provider.makeCalendar(session, { ref: 'never-made/', name: 'never made', color: null }),
    probe: () => provider.probe(session),
  };
}

const nothingWasSent: readonly ErrorCode[] = ['connect_failed', 'name_not_found', 'tls_failed', 'address_refused'];

export function everyMethodContract(suite: Suite): void {
  const { withOtherSide, withNetwork, under, withWire, session, freshCalendar } = suite;

  const callsThere = (subject: ProviderUnderTest, there: DeadEnd, calendar: string, signal: AbortSignal): Calls =>
    callsOf(subject, {
      address: there.address,
      session: { ...session(), root: there.root(session().root), signal },
      calendar,
    });

  withOtherSide('no method sends anything once its signal is aborted', async (context) => {
    const subject = under(context);
    const calendar = await freshCalendar(subject);
    const place = { address: subject.addresses[0] ?? '', calendar };
    const calls = callsOf(subject, { ...place, session: { ...session(), signal: AbortSignal.abort() } });
    subject.wire?.forget();
    for (const [method, call] of Object.entries(calls)) {
      expect((await failure(call())).code, method).toBe('shutting_down');
    }
    expect(subject.wire?.methods ?? []).toEqual([]);
  });

  withNetwork('every method that waits for an answer ends when its signal is aborted', async (context) => {
    const subject = withWire(context);
    const calendar = await freshCalendar(subject);
    const { silent } = subject.deadEnds;
    const methods = Object.keys(callsThere(subject, silent, calendar, session().signal)) as AskingMethod[];
    for (const method of methods) {
      const caller = new AbortController();
      const call = callsThere(subject, silent, calendar, caller.signal)[method];
      const arrived = silent.arrives();
      subject.wire.forget();
      const failed = failure(call());
      await arrived;
      caller.abort();
      expect((await failed).code, method).toBe('shutting_down');
      expect(subject.wire.methods.length, method).toBe(1);
    }
  });

  withNetwork('no method asks again after a failure of the network', async (context) => {
    const subject = withWire(context);
    const calendar = await freshCalendar(subject);
    const [address = ''] = subject.addresses;
    subject.wire.tamper(() => {
      throw new KalendsError('cut_short', 'the answer was lost');
    });
    try {
      for (const [method, call] of Object.entries(callsOf(subject, { address, session: session(), calendar }))) {
        subject.wire.forget();
        expect((await failure(call())).code, method).toBe('cut_short');
        const asked = subject.wire.requests.map(({ method: verb, url, body }) => `${verb} ${url} ${body ?? ''}`);
        expect(asked, method).toEqual([...new Set(asked)]);
        // An account is looked for in several places; whatever else there is has one.
        if (method !== 'connect' && method !== 'rediscover') expect(asked.length, method).toBe(1);
      }
    } finally {
      subject.wire.tamper(null);
    }
  });

  withNetwork('8. what a write dies of says whether it may have arrived', async (context) => {
    const subject = withWire(context);
    const calendar = await freshCalendar(subject);
    const { failing } = subject.deadEnds;
    expect(nothingWasSent.filter((code) => !failing.some((one) => one.code === code))).toEqual([]);
    for (const there of failing) {
      const { put, remove } = callsThere(subject, there, calendar, session().signal);
      for (const [verb, call] of [['PUT', put] as const, ['DELETE', remove] as const]) {
        expect((await failure(call())).code, there.address).toBe(there.code);
        expect(there.received().includes(`${verb} /`), `${there.code} at ${there.address}`).toBe(
          !nothingWasSent.includes(there.code),
        );
      }
    }
  });
}
