/** An application that speaks the HTTP API: bare requests, paged reads, writes with their receipts. */
import { until } from './node-under-test.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `{}` where the answer has no body. */
  readonly body: Row;
}

export interface ApiClient {
  ask(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** Every page of a listing that begins at `path`; throws unless each is answered 200. */
  rows(path: string, of: 'events' | 'free_busy' | 'calendars'): Promise<readonly Row[]>;
  calendarId(name: string): Promise<string>;
  /** The operation id of the 202; throws for any other answer. */
  upsert(calendarId: string, event: Row): Promise<string>;
  remove(calendarId: string, eventId: string): Promise<string>;
  receipt(operationId: string): Promise<Row>;
  /** The receipt once the operation is neither queued nor attempting. */
  settled(operationId: string): Promise<Row>;
}

export function apiClient(url: string, token: string | null): ApiClient {
  const ask: ApiClient['ask'] = async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' || text === 'null' ? {} : (JSON.parse(text) as Row),
    };
  };
  const accepted = (answer: ApiAnswer): string => {
    const operation = answer.headers.get('x-kalends-operation');
    if (answer.status === 202 && operation !== null) return operation;
    throw new Error(`not accepted: ${answer.status} ${answer.text}`);
  };
  const receipt: ApiClient['receipt'] = async (operationId) => {
    const answer = await ask('GET', `/v1/operations/${operationId}`);
    if (answer.status !== 200) throw new Error(`no receipt of ${operationId}: ${answer.status} ${answer.text}`);
    return answer.body['operation'] as Row;
  };
  return {
    ask,
    receipt,
    rows: async (path, of) => {
      const found: Row[] = [];
      for (let next: string | null = path; next !== null;) {
        const answer = await ask('GET', next);
        if (answer.status !== 200) throw new Error(`GET ${next}: ${answer.status} ${answer.text}`);
        found.push(...(answer.body[of] as Row[]));
        const page: unknown = (answer.body['pages'] as Row | undefined)?.['next_page'];
        next = typeof page === 'string' ? page.slice(new URL(page).origin.length) : null;
      }
      return found;
    },
    calendarId: async (name) => {
      const answer = await ask('GET', '/v1/calendars');
      const found = (answer.body['calendars'] as Row[]).find((one) => one['calendar_name'] === name);
      if (found === undefined) throw new Error(`there is no calendar ${name}: ${answer.text}`);
      return String(found['calendar_id']);
    },
    upsert: async (calendarId, event) => accepted(await ask('POST', `/v1/calendars/${calendarId}/events`, event)),
    remove: async (calendarId, eventId) =>
      accepted(await ask('DELETE', `/v1/calendars/${calendarId}/events`, { event_id: eventId })),
    settled: (operationId) =>
      until(
        `the operation ${operationId} to be settled`,
        () => receipt(operationId),
        (seen) => seen['state'] !== 'queued' && seen['state'] !== 'attempting',
      ),
  };
}

/** An instant of the API: whole seconds. */
export const wire = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The `notification` part of a webhook's body. */
export const notificationIn = (request: { readonly body: string }): Row =>
  (JSON.parse(request.body) as { notification: Row }).notification;
