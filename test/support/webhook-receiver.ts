/** An application's webhook endpoint: records what it was sent and answers as it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly the bytes that a signature covers. */
  readonly raw: Buffer;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export type WebhookAnswer =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly delayMs?: number;
    }
  /** Reads the request and never answers. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Ends the connection without an answer. */
  | { readonly kind: 'reset' };

export interface WebhookReceiver {
  /** Ends with a slash; every path below it is answered. */
  readonly url: string;
  /** All requests so far, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** From now on, until changed. The default is 200. */
  answer(how: WebhookAnswer): void;
  /** For the next requests, one each, before `answer` counts again. */
  answerNext(...how: WebhookAnswer[]): void;
  /**
   * The oldest request that matches and that no earlier `next` returned; waits for it when it is not there yet.
   * Rejects after the time-out (default 10,000 ms) with all that was received in its message.
   */
  next(matches?: (request: ReceivedRequest) => boolean, timeoutMs?: number): Promise<ReceivedRequest>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly matches: (request: ReceivedRequest) => boolean;
  readonly resolve: (request: ReceivedRequest) => void;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  const taken = new Set<ReceivedRequest>();
  const waiting = new Set<Waiting>();
  const queue: WebhookAnswer[] = [];
  let standing: WebhookAnswer = { kind: 'status', status: 200 };

  const server = createServer((message, response) => {
    void receive(message).then((request) => {
      requests.push(request);
      answerWith(queue.shift() ?? standing, response);
      for (const one of waiting) {
        if (taken.has(request) || !one.matches(request)) continue;
        taken.add(request);
        waiting.delete(one);
        one.resolve(request);
      }
    }, ignoreBrokenRequest);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    answer: (how) => {
      standing = how;
    },
    answerNext: (...how) => {
      queue.push(...how);
    },
    next: (matches = () => true, timeoutMs = 10_000) => {
      const already = requests.find((request) => !taken.has(request) && matches(request));
      if (already === undefined) return wait(waiting, matches, timeoutMs, requests);
      taken.add(already);
      return Promise.resolve(already);
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function wait(
  waiting: Set<Waiting>,
  matches: Waiting['matches'],
  timeoutMs: number,
  requests: readonly ReceivedRequest[],
): Promise<ReceivedRequest> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(one);
      const seen = requests.map((r) => `${r.method} ${r.path} ${r.body}`).join('\n');
      reject(new Error(`no matching request within ${timeoutMs} ms; ${requests.length} received:\n${seen}`));
    }, timeoutMs);
    const one: Waiting = {
      matches,
      resolve: (request) => {
        clearTimeout(timer);
        resolve(request);
      },
    };
    waiting.add(one);
  });
}

/** A sender that gave up in the middle sent no request. */
function ignoreBrokenRequest(): void {}

async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) headers[name] = String(value);
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers,
    raw,
    body: raw.toString('utf8'),
    atMs: Date.now(),
  };
}

function answerWith(how: WebhookAnswer, response: ServerResponse): void {
  switch (how.kind) {
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'redirect':
      response.writeHead(how.status ?? 302, { location: how.to }).end();
      return;
    case 'status': {
      const send = (): void => void response.writeHead(how.status, how.headers).end(how.body ?? '');
      if (how.delayMs === undefined) send();
      else setTimeout(send, how.delayMs).unref();
    }
  }
}
