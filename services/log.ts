/** The log: structured lines on standard error, without secrets and without the contents of events. */
import { destination, pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
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
];

export const logOptions = (level: LogLevel): LoggerOptions => ({
  level,
  base: null,
  redact: { paths: redacted, censor: '[redacted]' },
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ level: label }) },
});

/** Standard output belongs to what commands print. */
export const logDestination = (): DestinationStream => destination({ fd: 2, sync: true });

export const createLog = (level: LogLevel): Logger => pino(logOptions(level), logDestination());
