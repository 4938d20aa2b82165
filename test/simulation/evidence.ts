/** Whether the evidence of a removal is what the calendar server really answered (I1). */
import { unreachable } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/resource.ts';
import { ownRef } from './people.ts';
import type { Asked } from './requests.ts';

export interface Removed {
  readonly login: string;
  /** `work/`, as its owner knows it. */
  readonly calendar: string;
  readonly name: string;
}

/** Clocks are a minute off, and an answer may take two. */
const apartMs = 3 * 60_000;

/** Why nothing that the server said supports it, for people; null: it is proved. `asked`: every request, in order. */
export function unproved(evidence: Evidence, removed: Removed, asked: readonly Asked[]): string | null {
  const near = asked.filter(({ user, atMs }) => user === removed.login && Math.abs(atMs - evidence.atMs) <= apartMs);
  switch (evidence.kind) {
    case 'tombstone':
      return byDelta(evidence, removed, near);
    case 'direct_get':
      return byAnswers(evidence, removed, near);
    case 'own_write':
      return byOwnDelete(evidence, removed, near);
    case 'operator':
      return 'there is no operator here';
    default:
      return unreachable(evidence);
  }
}

/** A whole answer of the collection itself, which names the resource as removed. */
function byDelta(evidence: Evidence & { kind: 'tombstone' }, removed: Removed, near: readonly Asked[]): string | null {
  const { login, calendar, name } = removed;
  if (ownRef(evidence.request) !== `REPORT sync-collection /calendars/${login}/${calendar}` || evidence.status !== 404)
    return 'a tombstone is the 404 of a delta';
  const named = near.some(
    ({ what, at, status, whole, gone }) =>
      what === 'sync-collection' && at === calendar && status === 207 && whole && gone.has(calendar + name),
  );
  return named ? null : 'no delta named it';
}

/** Not there, while the collection answers, and still not there. */
function byAnswers(
  evidence: Evidence & { kind: 'direct_get' },
  removed: Removed,
  near: readonly Asked[],
): string | null {
  const { login, calendar, name } = removed;
  if (ownRef(evidence.request) !== `GET /calendars/${login}/${calendar}${name}`) return 'it asked for something else';
  if (evidence.collectionStatus !== 207) return 'the collection did not answer';
  return isNotThere(evidence.status, removed, near) ? null : 'it was not answered so, twice, around its collection';
}

function isNotThere(status: number, { calendar, name }: Removed, near: readonly Asked[]): boolean {
  if (status !== 404 && status !== 410) return false;
  const missing = ({ what, at, status: answered }: Asked): boolean =>
    what === 'GET' && at === calendar + name && answered === status;
  const readable = ({ what, at, status: answered, whole }: Asked): boolean =>
    what === 'PROPFIND' && at === calendar && answered === 207 && whole;
  const first = near.findIndex(missing);
  const witness = near.findIndex((one, n) => first >= 0 && n > first && readable(one));
  return near.some((one, n) => witness >= 0 && n > witness && missing(one));
}

/** A DELETE that did it; one that found nothing proves it like any other question. */
function byOwnDelete(
  evidence: Evidence & { kind: 'own_write' },
  removed: Removed,
  near: readonly Asked[],
): string | null {
  const { calendar, name } = removed;
  if (evidence.status === 404 || evidence.status === 410)
    return isNotThere(evidence.status, removed, near)
      ? null
      : 'a DELETE that found nothing needs the proof of any removal';
  const done = near.some(
    ({ what, at, status, effect }) =>
      what === 'DELETE' && at === calendar + name && status === evidence.status && effect === 'removed',
  );
  return done ? null : 'no DELETE of it was answered so';
}
