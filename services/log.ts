/** The log: structured lines on standard error, without secrets and without the contents of events. */
import { destination, pino, stdSerializers, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { LogLevel } from '../config/schema.ts';

/** Paths that hold secrets wherever they turn up. */
const redacted = [
  'password',
  '*.password',
  'authorization',
  '*.authorization',
  'token',
  '*.token',
  'credentials',
  '*.credentials',
  'body',
  '*.body',
  // What a server answered: it is kept with the commit, under the account's key in time; a log is kept anywhere.
  'excerpt',
  '*.excerpt',
];

export const logOptions = (level: LogLevel): LoggerOptions => ({
  level,
  base: null,
  redact: { paths: redacted, censor: '[redacted]' },
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ level: label }) },
  serializers: { err: errorFacts },
});

/** Of an error only what is known to be harmless: drivers attach the documents that they failed to write. */
function errorFacts(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error))
    return { message: typeof error === 'string' ? error : `no error, but ${typeof error}` };
  const { type, message, stack, code, ids, evidence } = stdSerializers.err(error) as Readonly<Record<string, unknown>>;
  const { request, status } = (evidence ?? {}) as Readonly<Record<string, unknown>>;
  const asked = request === undefined && status === undefined ? {} : { request, status };
  return { type, code, message, ...(ids ? { ids } : {}), ...asked, stack };
}

/** Standard output belongs to what commands print. */
export const logDestination = (): DestinationStream => destination({ fd: 2, sync: true });

export const createLog = (level: LogLevel, to: DestinationStream = logDestination()): Logger =>
  pino(logOptions(level), to);
