/** The gateway service: the HTTP API on a port, by moleculer-web. */
import type { Context, Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import ApiGateway from 'moleculer-web';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';

import type { Caller } from '../domain/account.ts';
import type { Random } from '../domain/clock.ts';
import { KalendsError } from '../domain/errors.ts';
import type { Api } from './api/api.ts';
import { gatewayActions, type RequestMeta } from './gateway/actions.ts';
import { readBody, readQuery } from './gateway/body.ts';
import { answerTo } from './gateway/errors.ts';
import { aliases } from './gateway/routes.ts';
import { systemClock } from './system-clock.ts';

export interface GatewayContext {
  readonly api: Api;
  /** Rejects with `unknown_token`. */
  authenticate(authorization: string | undefined): Promise<Caller>;
  readonly random: Random;
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What callers address, where that is not what they say in `Host`; without a trailing slash. Null: believe `Host`. */
  readonly publicUrl: string | null;
  /** Longest body that is read. */
  readonly bodyBytes: number;
}

/** A request that has not arrived whole after this long is given up: bodies are small. */
const requestTimeoutMs = 60_000;

/** Answers under way at a stop are given this long; a client that reads no more must not hold up the rest. */
const stopGraceMs = 5_000;

/** `express` is the mixin's: its way to answer the requests of a server that it did not make. */
type GatewayService = Service & { server: Server; express(): RequestListener };

/** moleculer-web adds these to what Node gives. */
type Request = IncomingMessage & { originalUrl?: string; $ctx?: Context; $params?: Record<string, unknown> };

/** A service named `gateway`; `address()` of its server tells the port. No CORS headers are sent. */
export function createGatewayService(context: GatewayContext): ServiceSchema {
  return {
    name: 'gateway',
    mixins: [ApiGateway],
    settings: settingsOf(context),
    actions: {
      ...gatewayActions(context.api),
      // Operators' actions of the mixin have no place behind a public port.
      listAliases: false,
      addRoute: false,
      removeRoute: false,
    },
    created(this: Service) {
      const own = this as GatewayService;
      own.server = createServer({ requestTimeout: requestTimeoutMs }, own.express());
    },
    started(this: Service) {
      const report = (error: Error): void => this.logger.error('the HTTP server failed', error);
      return listen((this as GatewayService).server, context, report);
    },
    stopped(this: Service) {
      return close((this as GatewayService).server);
    },
    methods: {
      parseQueryString: (req: Request) => splitUrl(req.url ?? '/'),
      errorHandler(this: Service, req: Request, res: ServerResponse, error: unknown) {
        sendError(this, req, res, error);
      },
      sendError(this: Service, req: Request, res: ServerResponse, error: unknown) {
        sendError(this, req, res, error);
      },
    },
  };
}

function settingsOf(context: GatewayContext): ServiceSettingSchema & Readonly<Record<string, unknown>> {
  return {
    // The mixin's own ends the whole process when its port is taken.
    server: false,
    // Each would cost a line for every request; what goes wrong is logged below.
    logRequest: null,
    logRequestParams: null,
    logResponse: null,
    logRouteRegistration: null,
    rootCallOptions: (options: { requestID?: string | undefined }) => {
      options.requestID = requestIdFrom(options.requestID, context.random);
    },
    routes: [
      {
        path: '/',
        aliases,
        mappingPolicy: 'restrict',
        mergeParams: false,
        bodyParsers: false,
        logging: false,
        onBeforeCall: (ctx: Context<unknown, RequestMeta>, _route: unknown, req: Request, res: ServerResponse) =>
          admit(context, ctx, req, res),
      },
    ],
  };
}

/** Rejects with `configuration_invalid` and what to do when the address cannot be had. */
async function listen(
  server: Server,
  { host, port }: Pick<GatewayContext, 'host' | 'port'>,
  report: (error: Error) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error): void => reject(notListening(error, host, port));
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused);
      // E.g. no file descriptor for another connection: those that are open go on.
      server.on('error', report);
      resolve();
    });
  });
}

function notListening(error: NodeJS.ErrnoException, host: string, port: number): KalendsError {
  const reasons: Readonly<Record<string, readonly [why: string, next: string]>> = {
    EADDRINUSE: ['another program listens there', 'end it, or set KALENDS_PORT to a port that is free'],
    EACCES: ['this user may not listen there', 'set KALENDS_PORT to a port above 1023'],
    EADDRNOTAVAIL: ['this machine has no such address', 'set KALENDS_HOST to one that it has, or to 0.0.0.0'],
    ENOTFOUND: ['this name has no address', 'set KALENDS_HOST to an address of this machine'],
  };
  const [why, next] = reasons[error.code ?? ''] ?? [error.message, 'see KALENDS_HOST and KALENDS_PORT'];
  return new KalendsError('configuration_invalid', `the gateway cannot listen on ${host}:${port}: ${why}`, {
    next,
    cause: error,
  });
}

/** Idle connections end at once. */
async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const patience = new AbortController();
  systemClock.sleep(stopGraceMs, patience.signal).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  await closed;
  patience.abort();
}

/** Who asks, then what: a body is read only for a caller that is known. */
async function admit(
  context: GatewayContext,
  ctx: Context<unknown, RequestMeta>,
  req: Request,
  res: ServerResponse,
): Promise<void> {
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  ctx.meta.caller = await context.authenticate(req.headers.authorization);
  ctx.meta.baseUrl = context.publicUrl ?? `http://${req.headers.host ?? 'localhost'}`;
  const body = req.method === 'GET' ? {} : await readBody(req, context.bodyBytes);
  if (req.$params !== undefined) req.$params['body'] = body;
}

function splitUrl(url: string): { readonly url: string; readonly query: Readonly<Record<string, unknown>> } {
  const at = url.indexOf('?');
  return at === -1 ? { url, query: {} } : { url: url.slice(0, at), query: readQuery(url.slice(at + 1)) };
}

/** The caller's own id where it is a harmless one, so that both sides log the same. */
function requestIdFrom(given: string | undefined, random: Random): string {
  if (given !== undefined && /^[\w.:-]{8,64}$/.test(given)) return given;
  const part = (): string =>
    Math.floor(random() * 0x100000000)
      .toString(16)
      .padStart(8, '0');
  return `req_${part()}${part()}${part()}`;
}

function sendError(service: Service, req: Request, res: ServerResponse, error: unknown): void {
  const answer = answerTo(error);
  const requestId = req.$ctx?.requestID ?? null;
  if (answer.status >= 500) {
    const path = (req.originalUrl ?? req.url ?? '').split('?', 1)[0];
    const { code, message, stack } = (error ?? {}) as { code?: unknown; message?: unknown; stack?: unknown };
    service.logger.error('a request failed', { requestId, method: req.method, path, code, message, stack });
  }
  if (res.headersSent) return;
  const text = JSON.stringify(answer.body);
  const length = Buffer.byteLength(text);
  const fixed = {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': length,
  };
  res.writeHead(answer.status, { ...fixed, ...answer.headers });
  res.end(text);
}
