/** The model server as the one way out over HTTP: no socket, no timer but the given clock's. */
import type { Clock } from '../../../domain/clock.ts';
import { KalendsError, type ErrorCode } from '../../../domain/errors.ts';
import type { Http, HttpRequest } from '../../../providers/http.ts';
import type { ModelAnswer } from './exchange.ts';
import type { ModelServer } from './server.ts';

/**
 * Calls the server as a client on a network would see it: what is cut, dropped, slow or endless becomes the error that
 * `providers/http.ts` promises. Other hosts than the server's origins are unknown names. With `othersTo`, requests to
 * other hosts go there instead (several servers, or a webhook receiver, in one simulated network).
 */
export function modelHttp(server: ModelServer, clock: Clock, othersTo?: Http): Http {
  return async (request) => {
    const { origin } = new URL(request.url);
    if (!server.origins.includes(origin)) {
      if (othersTo !== undefined) return othersTo(request);
      throw failure(request, 'name_not_found', `the model network has no ${origin}`);
    }
    if (request.signal?.aborted === true) throw aborted(request);
    const started = clock.monotonic();
    const answer = await withinTime(request, clock, server.respond(request));
    await arrive(request, clock, answer, started);
    return { status: answer.status, headers: answer.headers, text: answer.body, tookMs: clock.monotonic() - started };
  };
}

/** A client that gives up does not take back what it sent: the server goes on. */
async function withinTime(request: HttpRequest, clock: Clock, answer: Promise<ModelAnswer>): Promise<ModelAnswer> {
  const done = new AbortController();
  const { signal } = request;
  const given = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  try {
    const gaveUp = clock.sleep(request.timeoutMs, given).then(
      () => ({ reason: timedOut(request) }),
      () => ({ reason: aborted(request) }),
    );
    const first = await Promise.race([answer, gaveUp]);
    if ('reason' in first) throw first.reason;
    return first;
  } finally {
    done.abort();
  }
}

/** The body's way to the client. */
async function arrive(request: HttpRequest, clock: Clock, answer: ModelAnswer, started: number): Promise<void> {
  const { wire } = answer;
  const bytes = Buffer.byteLength(answer.body);
  const leftMs = request.timeoutMs - (clock.monotonic() - started);
  if (wire.kind === 'refuse') throw failure(request, 'connect_failed', 'no connection could be made');
  if (wire.kind === 'drop') throw failure(request, 'cut_short', 'the connection ended without an answer');
  if (wire.kind === 'cut') {
    throw failure(request, 'cut_short', `the body ended after ${wire.afterBytes} of ${bytes} bytes`);
  }
  const neededMs = wire.kind === 'hang' ? Infinity : wire.kind === 'drip' ? (bytes / wire.bytesPerSecond) * 1000 : 0;
  if (neededMs > 0) {
    await clock.sleep(Math.max(0, Math.min(neededMs, leftMs)), request.signal).catch(() => {
      throw aborted(request);
    });
  }
  if (neededMs > leftMs) throw timedOut(request);
  if (bytes > request.maxBytes) {
    throw failure(request, 'body_too_large', `the body has ${bytes} bytes, ${request.maxBytes} are allowed`);
  }
}

function timedOut(request: HttpRequest): KalendsError {
  return failure(request, 'timed_out', `no complete answer within ${request.timeoutMs} ms`);
}

function aborted(request: HttpRequest): KalendsError {
  return failure(request, 'shutting_down', 'the caller gave up');
}

function failure(request: HttpRequest, code: ErrorCode, message: string): KalendsError {
  return new KalendsError(code, message, {
    evidence: { request: `${request.method} ${new URL(request.url).pathname}` },
  });
}
