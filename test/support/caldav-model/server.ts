/** The model server itself: a pure asynchronous function from request to answer over a world, switches and a log. */
import type { Clock, Random } from '../../../domain/clock.ts';
import { authenticate, challenge, type AuthKind } from './authentication.ts';
import { del } from './delete.ts';
import { answer, over, type LogEntry, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { dated, faultsAfter, faultsBefore, movedAnswer } from './fault-answers.ts';
import { Faults } from './faults.ts';
import { get } from './get.ts';
import { mkcalendar } from './mkcalendar.ts';
import { propfind } from './propfind.ts';
import { proppatch } from './proppatch.ts';
import { put } from './put.ts';
import { report, reportName } from './report.ts';
import { ModelState, pathOf, segmentsOf } from './state.ts';
import { World } from './world.ts';

/** What an honest server of this kind has; switch off to see clients fall back. */
export interface Abilities {
  /** sync-collection and its tokens. */
  sync: boolean;
  ctag: boolean;
  scheduleTags: boolean;
  calendarQuery: boolean;
}

export interface ModelServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where it is asked, and where its second partition is; no slash at the end. */
  readonly origins?: readonly [string, string];
  readonly auth?: AuthKind;
  readonly abilities?: Partial<Abilities>;
  /** Half before the effect, half after it; absent: no waiting at all. Milliseconds. */
  readonly latencyMs?: () => number;
  /** Told of each entry of the log with the request behind it and its answer: for tests that look at what was said. */
  readonly seen?: (entry: LogEntry, request: ModelRequest, answer: ModelAnswer) => void;
}

/** What the methods work on. */
export interface ModelContext {
  readonly state: ModelState;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly abilities: Abilities;
  readonly auth: AuthKind;
  readonly origins: readonly [string, string];
}

/** What is asked, before it has been looked at. */
export interface PlainRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ModelServer {
  readonly world: World;
  readonly faults: Faults;
  /** Mutable while it runs. */
  readonly abilities: Abilities;
  readonly origins: readonly [string, string];
  /** All requests so far, oldest first. */
  readonly log: readonly LogEntry[];
  /** Answers one request. Never rejects; what the network does is in the answer's `wire`. */
  respond(request: PlainRequest): Promise<ModelAnswer>;
  /** Absolute URL of a person's home on the first origin. */
  homeOf(user: string): string;
}

const defaultOrigins = ['http://caldav.model.test', 'http://p42-caldav.model.test'] as const;

export function createModelServer(options: ModelServerOptions): ModelServer {
  const { clock } = options;
  const state = new ModelState();
  const faults = new Faults(options.random);
  const abilities: Abilities = {
    sync: true,
    ctag: true,
    scheduleTags: true,
    calendarQuery: true,
    ...options.abilities,
  };
  const origins = options.origins ?? defaultOrigins;
  const context: ModelContext = { state, faults, clock, abilities, auth: options.auth ?? 'basic', origins };
  const log: LogEntry[] = [];
  const wait = async (): Promise<void> => {
    const latency = options.latencyMs?.() ?? 0;
    if (latency > 0) await clock.sleep(latency / 2);
  };
  return {
    world: new World(state, () => clock.now()),
    faults,
    abilities,
    origins,
    log,
    homeOf: (user) => origins[0] + pathOf(user),
    respond: async (plain) => {
      const request = toModelRequest(plain);
      await wait();
      const told = (one: ModelAnswer): void => {
        // Noted whether or not anybody is told: an optional call skips its arguments, too.
        const entry = note(log, clock, request, one);
        options.seen?.(entry, request, one);
      };
      const result = await decide(context, request, told);
      told(result);
      await wait();
      return result;
    },
  };
}

/** Entries of one request merge into one line: the effect of `effect_late` comes after its answer did not. */
function note(log: LogEntry[], clock: Clock, request: ModelRequest, result: ModelAnswer): LogEntry {
  const silent = ['drop', 'hang', 'refuse'].includes(result.wire.kind);
  const entry: LogEntry = {
    n: log.length,
    atMs: clock.now(),
    method: request.method,
    path: request.path,
    report: request.method === 'REPORT' ? reportName(request.body) : null,
    user: request.user,
    status: silent ? 0 : result.status,
    effect: request.effect,
    faults: [...request.faults],
  };
  log.push(entry);
  return entry;
}

async function decide(
  context: ModelContext,
  request: ModelRequest,
  noteLate: (late: ModelAnswer) => void,
): Promise<ModelAnswer> {
  const { faults, clock } = context;
  request.user = authenticate(context, request);
  request.skewMs = faults.fires('clock_skew', request)?.value ?? 0;
  const slow = faults.fires('slow_answer', request);
  if (slow !== null) await clock.sleep(slow.value);
  const hrefs = hrefsOf(request);
  const slowHrefs = hrefs === 0 ? null : faults.fires('slow_hrefs', request);
  if (slowHrefs !== null) await clock.sleep(hrefs * slowHrefs.value);
  const early = faultsBefore(context, request) ?? movedAnswer(context, request);
  if (early !== null) return dated(context, request, early);
  const late = writes(request) ? faults.fires('effect_late', request) : null;
  if (late !== null) {
    void clock.sleep(late.value).then(() => noteLate(over({ kind: 'drop' }, serve(context, request))));
    return over({ kind: 'hang' }, answer(0));
  }
  return dated(context, request, faultsAfter(context, request, serve(context, request)));
}

/** How many resources a multiget names. */
const hrefsOf = ({ method, body }: ModelRequest): number =>
  method === 'REPORT' && body.includes('calendar-multiget') ? body.split(/<(?:\w+:)?href>/).length - 1 : 0;

function writes(request: ModelRequest): boolean {
  return ['PUT', 'DELETE', 'MKCALENDAR', 'PROPPATCH'].includes(request.method);
}

function serve(context: ModelContext, request: ModelRequest): ModelAnswer {
  if (request.segments[0] === '.well-known') return answer(301, { location: '/' });
  if (request.method === 'OPTIONS') return abilitiesAnswer(context);
  if (request.user === null) return challenge(context);
  const owner = request.segments[1];
  if (owner !== undefined && owner !== request.user)
    return answer(context.faults.fires('principal_wrong_500', request) === null ? 403 : 500);
  if (/%40/.test(request.path) && context.faults.fires('hrefs_at_escaped', request) !== null) return answer(404);
  switch (request.method) {
    case 'PROPFIND':
      return propfind(context, request);
    case 'PROPPATCH':
      return proppatch(context, request);
    case 'REPORT':
      return report(context, request);
    case 'MKCALENDAR':
      return mkcalendar(context, request);
    case 'GET':
    case 'HEAD':
      return get(context, request);
    case 'PUT':
      return put(context, request);
    case 'DELETE':
      return del(context, request);
    default:
      return answer(405, { allow: 'OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR' });
  }
}

function abilitiesAnswer(context: ModelContext): ModelAnswer {
  const schedule = context.abilities.scheduleTags ? ', calendar-auto-schedule' : '';
  return answer(200, { dav: `1, 2, 3, access-control, calendar-access${schedule}` });
}

function toModelRequest(plain: PlainRequest): ModelRequest {
  const url = new URL(plain.url);
  return {
    method: plain.method.toUpperCase(),
    origin: url.origin,
    path: url.pathname,
    segments: segmentsOf(url.pathname),
    headers: plain.headers,
    body: plain.body ?? '',
    user: null,
    skewMs: 0,
    faults: [],
    effect: { kind: 'none' },
  };
}
