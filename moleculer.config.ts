/** The broker and nothing else: transporter, logger, error regenerator. Retries are off: the actors own them. */
import moleculer from 'moleculer';
import type { BrokerOptions } from 'moleculer';
import type { DestinationStream, LoggerOptions } from 'pino';
import type { Config } from './config/schema.ts';
import { isKalendsError } from './domain/errors.ts';
import { createLog, logOptions, logDestination } from './services/log.ts';
import { restoredError, type PlainError } from './services/restored-error.ts';
import { systemClock } from './services/system-clock.ts';
import { KalendsTransporter } from './services/transporter.ts';

/** Errors of ours cross the broker with their code, ids and fields; the other side matches on them, not on the class. */
class KalendsRegenerator extends moleculer.Errors.Regenerator {
  override extractPlainError(error: Record<string, unknown>): PlainMoleculerError {
    const plain = super.extractPlainError(error);
    if (!isKalendsError(error)) return plain;
    const { ids, fields, retryAtMs, evidence, next } = error;
    return { ...plain, data: { ids, fields, retryAtMs, evidence, next } };
  }

  override restoreCustomError(plain: unknown): Error {
    const { data } = plain as { readonly data?: Partial<PlainError> };
    // The base class goes on to its own ways when it gets nothing; its types do not say so.
    if (!isKalendsError(plain)) return undefined as unknown as Error;
    return restoredError({ ...data, code: plain.code, message: plain.message });
  }
}

/** Moleculer writes its text first, and pino would leave out all that comes after it. */
const hooks: LoggerOptions['hooks'] = {
  logMethod: function (given: unknown[], write) {
    const [text, ...rest] = given;
    // The start rejects with the same error, and whoever started says what to do about it.
    if (text === 'Unable to start all services.') return;
    const error = given.find((one) => one instanceof Error);
    const facts = isPlain(rest[0]) ? rest[0] : {};
    if (typeof text === 'string') write.call(this, error === undefined ? facts : { ...facts, err: error }, text);
    else write.call(this, error === undefined ? text : { err: error });
  },
};

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

type PlainMoleculerError = ReturnType<moleculer.Errors.Regenerator['extractPlainError']>;

export function brokerOptions(
  config: Config,
  nodeId: string,
  logTo: DestinationStream = logDestination(),
): BrokerOptions {
  return {
    namespace: 'kalends',
    nodeID: nodeId,
    ...(config.natsUrl === null ? {} : { transporter: transporterOf(config, config.natsUrl, nodeId, logTo) }),
    logger: {
      type: 'Pino',
      options: { pino: { options: { ...logOptions(config.logLevel), hooks }, destination: logTo } },
    },
    logLevel: moleculerLevel(config.logLevel),
    errorRegenerator: new KalendsRegenerator(),
    retryPolicy: { enabled: false },
    // Calls wait for an actor's answer at most this long; what they started goes on and is told by its receipt.
    requestTimeout: 30_000,
    metrics: { enabled: false },
    tracing: { enabled: false },
    skipProcessEventRegistration: true,
    internalServices: true,
    validator: false,
  };
}

function transporterOf({ logLevel }: Config, url: string, name: string, logTo: DestinationStream): KalendsTransporter {
  const log = createLog(logLevel, logTo);
  return new KalendsTransporter({
    url,
    name,
    clock: systemClock,
    report: (level, what, facts) => log[level](facts, what),
  });
}

const moleculerLevel = (level: Config['logLevel']): NonNullable<BrokerOptions['logLevel']> =>
  level === 'silent' ? 'fatal' : level === 'info' ? 'warn' : level;
