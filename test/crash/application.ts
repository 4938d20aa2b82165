/** The application of the crash test: writes its events without rest, and remembers what it asked for and what it was told. */
import { apiClient, wire } from '../support/api-client.ts';
import { daysAhead } from '../support/icalendar.ts';
import { below, shuffled, type Seeded } from '../support/seeded.ts';

/** One of its events. */
export interface OwnEvent {
  readonly token: string;
  readonly profileId: string;
  readonly calendarId: string;
  /** Path at the server. */
  readonly calendar: string;
  readonly eventId: string;
  /** Everything asked for, in order: each was answered, or its connection ended, before the next. */
  readonly sent: Sent[];
}

export interface Sent {
  readonly body: Readonly<Record<string, unknown>>;
  readonly kind: 'upsert' | 'delete';
  /** The operation id of the 202; null when the answer never came: accepted or not, nobody knows. */
  operation: string | null;
}

export interface Application {
  readonly events: readonly OwnEvent[];
  /** 202s so far. */
  accepted(): number;
  /** Called with their number at each 202. */
  onAccepted: ((count: number) => void) | null;
  /** Several writes to each of so many events, all events side by side; resolves when every one was answered or failed. */
  burst(url: string, width: number): Promise<void>;
}

export function createApplication(
  random: Seeded,
  calendars: readonly Pick<OwnEvent, 'token' | 'profileId' | 'calendarId' | 'calendar'>[],
  eventsPerCalendar: number,
): Application {
  const events = calendars.flatMap((one, index) =>
    Array.from({ length: eventsPerCalendar }, (_, k): OwnEvent => ({ ...one, eventId: `own-${index}-${k}`, sent: [] })),
  );
  let accepted = 0;
  let marker = 0;
  const busy = new Set<OwnEvent>();

  const nextOf = (event: OwnEvent): Sent => {
    const last = event.sent.at(-1);
    // A client that was not answered asks the same again.
    if (last !== undefined && last.operation === null) return { kind: last.kind, body: last.body, operation: null };
    const deletes = random() < 0.2 && last?.kind === 'upsert';
    marker += 1;
    return deletes
      ? { kind: 'delete', body: { event_id: event.eventId }, operation: null }
      : { kind: 'upsert', body: patchFor(event, marker, random), operation: null };
  };

  const writeSome = async (url: string, event: OwnEvent): Promise<void> => {
    busy.add(event);
    const client = apiClient(url, event.token);
    try {
      for (let left = 1 + below(random, 3); left > 0; left -= 1) {
        const next = nextOf(event);
        event.sent.push(next);
        const method = next.kind === 'upsert' ? 'POST' : 'DELETE';
        const answer = await client.ask(method, `/v1/calendars/${event.calendarId}/events`, next.body);
        if (answer.status !== 202)
          throw new Refused(`${answer.status} ${answer.text} for ${JSON.stringify(next.body)}`);
        next.operation = answer.headers.get('x-kalends-operation');
        accepted += 1;
        application.onAccepted?.(accepted);
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    } finally {
      busy.delete(event);
    }
  };

  const application: Application = {
    events,
    accepted: () => accepted,
    onAccepted: null,
    burst: async (url, width) => {
      const chosen = shuffled(
        random,
        events.filter((one) => !busy.has(one)),
      ).slice(0, width);
      await Promise.all(chosen.map((event) => writeSome(url, event)));
    },
  };
  return application;
}

/** An answer that no crash explains. */
class Refused extends Error {}

/** The summary holds a marker of its own, so that each effect at the server can be traced to the wish behind it. */
function patchFor(event: OwnEvent, marker: number, random: Seeded): Record<string, unknown> {
  const startMs = daysAhead(1 + below(random, 40), below(random, 24));
  return {
    event_id: event.eventId,
    summary: `m${marker} ${event.eventId}`,
    start: wire(startMs),
    end: wire(startMs + 1_800_000),
    tzid: 'Etc/UTC',
    ...(random() < 0.3 ? { description: `d${marker}` } : {}),
    ...(random() < 0.2 ? { transparency: random() < 0.5 ? 'transparent' : 'opaque' } : {}),
  };
}
