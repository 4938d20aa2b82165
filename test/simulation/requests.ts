/** What the calendar server was asked and how it answered, as far as the oracles compare with it. */
import type { LogEntry, ModelAnswer, ModelRequest } from '../support/caldav-model/exchange.ts';
import { segmentsOf } from '../support/caldav-model/state.ts';
import { ownRef } from './people.ts';

export interface Asked {
  readonly atMs: number;
  readonly user: string | null;
  /** A method, or the name of a report. */
  readonly what: string;
  /** `work/` or `work/a.ics`, as its owner knows it; empty for what is above. */
  readonly at: string;
  readonly status: number;
  readonly effect: LogEntry['effect']['kind'];
  readonly faults: LogEntry['faults'];
  /** Arrived as one document that says what the server meant. */
  readonly whole: boolean;
  /** `work/a.ics`: what a delta named as removed. */
  readonly gone: ReadonlySet<string>;
}

/** Where a path leads, as the owner of the calendar knows it. */
export function placeOf(path: string): { readonly calendar: string; readonly name: string } {
  const [, , segment, name = ''] = segmentsOf(path);
  return { calendar: segment === undefined ? '' : ownRef(`${segment}/`), name };
}

const damaging: ReadonlySet<string> = new Set(['second_root', 'body_cut', 'body_cut_clean', 'html_200']);

export function askedBy(entry: LogEntry, { path }: ModelRequest, answer: ModelAnswer): Asked {
  const { atMs, user, method, report, status, faults, effect } = entry;
  const { calendar, name } = placeOf(path);
  const arrived = answer.wire.kind === 'whole' || answer.wire.kind === 'drip';
  return {
    atMs,
    user,
    what: report ?? method,
    at: calendar + name,
    status,
    effect: effect.kind,
    faults,
    whole: arrived && !faults.some((one) => damaging.has(one)),
    gone: report === 'sync-collection' ? new Set(removalsIn(answer.body)) : none,
  };
}

const none: ReadonlySet<string> = new Set();

/** By a reader of this file's own: names of which the document says nothing but that they are not there. */
function removalsIn(multistatus: string): readonly string[] {
  const responses = multistatus.split('<D:response>').slice(1);
  return responses.flatMap((one) => {
    const path = /<D:href>([^<]*)<\/D:href>/.exec(one)?.[1];
    if (path === undefined || !/HTTP\/1\.1 404 /.test(one) || /HTTP\/1\.1 200 /.test(one)) return [];
    const { calendar, name } = placeOf(path);
    return [calendar + name];
  });
}
