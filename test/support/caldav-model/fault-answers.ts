/** The faults that do not depend on what was asked: before the effect, on the way to a partition, and after it. */
import { unreachable } from '../../../domain/errors.ts';
import { answer, over, type ModelAnswer, type ModelRequest } from './exchange.ts';
import type { FaultName } from './faults.ts';
import { inOtherWords } from './other-words.ts';
import type { ModelContext } from './server.ts';
import { element, multistatusDocument } from './xml.ts';

const refusals = [
  'host_down',
  'hangs',
  'dropped_before_effect',
  'status_500',
  'status_501',
  'status_502',
  'status_503',
  'status_504',
  'write_forbidden_403',
  'write_locked_423',
  'throttled_429',
  'throttled_429_seconds',
  'throttled_429_date',
  'throttled_503_seconds',
  'html_200',
  'unauthorized_anyway',
  'forbidden_anyway',
] as const satisfies readonly FaultName[];

/** An answer in place of doing what was asked, or null. */
export function faultsBefore(context: ModelContext, request: ModelRequest): ModelAnswer | null {
  const fired = context.faults.first(
    refusals.filter((name) => isPossible(name, request)),
    request,
  );
  if (fired === null) return null;
  switch (fired.name) {
    case 'host_down':
      return over({ kind: 'refuse' }, answer(0));
    case 'hangs':
      return over({ kind: 'hang' }, answer(0));
    case 'dropped_before_effect':
      return over({ kind: 'drop' }, answer(0));
    case 'status_500':
    case 'status_501':
    case 'status_502':
    case 'status_503':
    case 'status_504':
      return plain(Number(fired.name.slice('status_'.length)));
    case 'write_forbidden_403':
      return plain(403);
    case 'write_locked_423':
      return plain(423);
    case 'throttled_429':
      return plain(429);
    case 'throttled_429_seconds':
    case 'throttled_503_seconds':
      return plain(Number(fired.name.split('_')[1]), { 'retry-after': String(fired.value) });
    case 'throttled_429_date':
      return plain(429, { 'retry-after': shown(context, request, fired.value * 1000) });
    case 'html_200':
      return answer(200, { 'content-type': 'text/html; charset=utf-8' }, maintenancePage);
    case 'unauthorized_anyway':
      return icloudUnauthorized;
    case 'forbidden_anyway':
      return plain(403);
    default:
      return unreachable(fired.name);
  }
}

function isPossible(name: FaultName, { user, method }: ModelRequest): boolean {
  // These two mean nothing unless the credentials are right.
  if (name.endsWith('_anyway')) return user !== null;
  return !name.startsWith('write_') || method === 'PUT' || method === 'DELETE';
}

const maintenancePage =
  '<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><p>We will be back soon.</p></body></html>\n';

/** As iCloud sends it: two challenges, of which only the first can be answered. */
const icloudUnauthorized: ModelAnswer = {
  ...answer(401, { 'x-apple-user-partition': '42' }),
  headers: {
    'x-apple-user-partition': ['42'],
    'www-authenticate': ['Basic realm="MMCalDav", charset="UTF-8"', 'X-MobileMe-AuthToken realm="MMCalDav"'],
  },
};

function plain(status: number, headers: Readonly<Record<string, string>> = {}): ModelAnswer {
  return answer(status, { 'content-type': 'text/plain', ...headers }, `${status}\n`);
}

/** Every answer says what time it is, by the server's clock. */
export const dated = (context: ModelContext, request: ModelRequest, from: ModelAnswer): ModelAnswer =>
  withHeader(from, 'date', shown(context, request, 0));

const shown = ({ clock }: ModelContext, { skewMs }: ModelRequest, inMs: number): string =>
  new Date(clock.now() + skewMs + inMs).toUTCString();

/** What the first origin answers once the account lives on the second; null elsewhere. */
export function movedAnswer(context: ModelContext, request: ModelRequest): ModelAnswer | null {
  const [first, second] = context.origins;
  if (request.origin !== first) return null;
  const redirect = context.faults.fires('moved_redirect', request);
  if (redirect !== null) return answer(redirect.value, { location: second + request.path });
  if (request.segments[0] !== 'calendars') return null;
  const gone = context.faults.fires('moved_gone', request);
  return gone === null ? null : answer(gone.value);
}

/** What happens to an answer on its way out; the effect is done. */
export function faultsAfter(context: ModelContext, request: ModelRequest, from: ModelAnswer): ModelAnswer {
  const { faults } = context;
  const served = withHeader(from, 'server', 'KalendsModel');
  if (request.effect.kind !== 'none') {
    if (faults.fires('dropped_after_effect', request) !== null) return over({ kind: 'drop' }, served);
    if (faults.fires('status_502_after_effect', request) !== null) return plain(502);
  }
  const document = served.body.includes('multistatus')
    ? damaged(context, request, inOtherWords(context, request, served))
    : served;
  if (document.body === '' || document.wire.kind !== 'whole') return document;
  const drip = faults.fires('slow_drip', request);
  return drip === null ? document : over({ kind: 'drip', bytesPerSecond: drip.value }, document);
}

function damaged(context: ModelContext, request: ModelRequest, served: ModelAnswer): ModelAnswer {
  const fired = context.faults.first(['second_root', 'body_cut', 'body_cut_clean'], request);
  if (fired === null) return served;
  const bytes = Buffer.byteLength(served.body);
  const keep = Math.min(bytes - 1, Math.floor(bytes * fired.value));
  switch (fired.name) {
    case 'second_root':
      return { ...served, body: `${served.body}\n${multistatusDocument(element({ namespace: 'DAV:', name: 'x' }))}` };
    case 'body_cut':
      return over({ kind: 'cut', afterBytes: keep }, served);
    case 'body_cut_clean':
      return { ...served, body: Buffer.from(served.body).subarray(0, keep).toString('utf8') };
    default:
      return unreachable(fired.name);
  }
}

function withHeader(from: ModelAnswer, name: string, value: string): ModelAnswer {
  return { ...from, headers: { ...from.headers, [name]: [value] } };
}
