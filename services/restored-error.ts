/** Errors of ours that came from another process as plain values become errors again, with all that they said. */
import { KalendsError } from '../domain/errors.ts';

/** What crosses: the cause stays behind, in the log of the process where it happened. */
export type PlainError = Pick<KalendsError, 'code' | 'message'> &
  Partial<Pick<KalendsError, 'ids' | 'evidence' | 'next' | 'fields' | 'retryAtMs'>>;

export function restoredError({ code, message, ids, evidence, next, fields, retryAtMs }: PlainError): KalendsError {
  return new KalendsError(code, message, {
    ...(ids ? { ids } : {}),
    ...(evidence ? { evidence } : {}),
    ...(typeof next === 'string' ? { next } : {}),
    ...(fields ? { fields } : {}),
    ...(typeof retryAtMs === 'number' ? { retryAtMs } : {}),
  });
}
