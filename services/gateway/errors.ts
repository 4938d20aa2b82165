/** Errors at the edge: every failure to a status and the one shape of error bodies, telling nothing of our insides. */
import { isKalendsError, type ErrorCode, type KalendsError } from '../../domain/errors.ts';
import type { Params } from '../api/params.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Params;
}

interface Place {
  readonly status: number;
  /** Where the 422 shape puts it. */
  readonly field: string;
  readonly key: string;
}

/** 400 is for OAuth alone; what an application did wrong is 422. */
const places: Partial<Record<ErrorCode, Place>> = {
  invalid_input: { status: 422, field: 'base', key: 'errors.invalid' },
  unknown_token: { status: 401, field: 'authorization', key: 'errors.unauthorized' },
  not_permitted: { status: 403, field: 'scope', key: 'errors.forbidden' },
  calendar_read_only: { status: 403, field: 'calendar_id', key: 'errors.calendar_readonly' },
  calendar_unknown: { status: 404, field: 'calendar_id', key: 'errors.not_found' },
  not_known: { status: 404, field: 'base', key: 'errors.not_found' },
  // Of a request: nobody reads this answer, and it is no failure of ours that an operator should look at.
  cut_short: { status: 422, field: 'body', key: 'errors.invalid_json' },
  body_too_large: { status: 413, field: 'body', key: 'errors.too_large' },
  profile_locked: { status: 423, field: 'profile_id', key: 'errors.profile_locked' },
};

const busy = new Set<string>(['store_full', 'store_unavailable', 'store_conflict', 'shutting_down', 'timed_out']);

const answer = (status: number, field: string, key: string, description: string): ErrorAnswer => ({
  status,
  headers: {},
  body: { errors: { [field]: [{ key, description }] } },
});

export const notFound = answer(404, 'path', 'errors.not_found', 'there is no such path, or not with this method');

/** After which time it is worth asking again, in seconds. */
const retryAfterSeconds = '5';

export function answerTo(error: unknown): ErrorAnswer {
  if (isKalendsError(error)) return answerToKalends(error);
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  // moleculer-web: no such path, or one whose escapes cannot be decoded.
  if (code === 404 && (type === 'NOT_FOUND' || type === undefined)) return notFound;
  if (type === 'UNABLE_DECODE_PARAM') return notFound;
  if (code === 503 || code === 504) return unavailable();
  // Moleculer: a service that another process runs is not there now.
  if (type === 'SERVICE_NOT_FOUND' || type === 'SERVICE_NOT_AVAILABLE') return unavailable();
  return internal;
}

function answerToKalends(error: KalendsError): ErrorAnswer {
  if (error.fields !== null && error.fields !== undefined) {
    return { status: 422, headers: {}, body: { errors: error.fields } };
  }
  const place = places[error.code];
  if (place === undefined) return busy.has(error.code) ? unavailable() : internal;
  // The messages of these codes are written for callers.
  const told = answer(place.status, place.field, place.key, error.message);
  return place.status === 401 ? { ...told, headers: { 'WWW-Authenticate': 'Bearer' } } : told;
}

const internal = answer(
  500,
  'base',
  'errors.internal',
  'something went wrong on our side; tell the operator the request id of this answer',
);

/** Nothing was accepted: the same request may be sent again. */
const unavailable = (): ErrorAnswer => ({
  ...answer(503, 'base', 'errors.unavailable', 'the service cannot do this at the moment; try again shortly'),
  headers: { 'Retry-After': retryAfterSeconds },
});
