/** The application of the demo: it speaks HTTP to Kalends like any other, and shows what it says and hears. */
import type { Narrator } from './narrator.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The demo checks what it uses.
  readonly body: Readonly<Record<string, unknown>>;
}

export interface DemoClient {
  send(method: string, path: string, body?: object): Promise<Answer>;
  /** The same without a word: for what is asked many times. */
  sendQuietly(method: string, path: string): Promise<Answer>;
}

export function createClient(baseUrl: string, token: string, narrator: Narrator): DemoClient {
  const request = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
    };
  };
  return {
    send: (method, path, body) => {
      const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`;
      return narrator.exchange(`${method} ${path}${sent}`, () => request(method, path, body), shown);
    },
    sendQuietly: request,
  };
}

function shown({ status, headers, text }: Answer): string {
  const operation = headers.get('x-kalends-operation');
  return `${status}${operation === null ? '' : ` X-Kalends-Operation: ${operation}`} ${text}`;
}

/** Asks until the answer is the one waited for; ends with what was seen last. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  holds: (seen: T) => boolean,
  patienceMs = 30_000,
): Promise<T> {
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    const seen = await ask();
    if (holds(seen)) return seen;
    if (performance.now() > endsAt)
      throw new Error(`waited ${patienceMs / 1000} s for ${what}; last seen: ${JSON.stringify(seen).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
