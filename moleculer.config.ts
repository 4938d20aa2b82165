/** The broker and nothing else: transporter, logger, error regenerator. Retries are off: the actors own them. */
import moleculer from 'moleculer';
import type { BrokerOptions } from 'moleculer';
import type { Config } from './config/schema.ts';
import { isKalendsError, KalendsError } from './domain/errors.ts';
import { logOptions, logDestination } from './services/log.ts';

/** Errors of ours cross the broker with their code, ids and fields; the other side matches on them, not on the class. */
class KalendsRegenerator extends moleculer.Errors.Regenerator {
  override extractPlainError(error: Record<string, unknown>): PlainMoleculerError {
    const plain = super.extractPlainError(error);
    if (!isKalendsError(error)) return plain;
    const { ids, fields, retryAtMs, evidence } = error;
    return { ...plain, data: { ids, fields, retryAtMs, evidence } };
  }

  override restoreCustomError(plain: PlainMoleculerError): Error {
    // The base class goes on to its own ways when it gets nothing; its types do not say so.
    return (isKalendsError(plain) ? restored(plain) : undefined) as Error;
  }
}

function restored(plain: KalendsError): KalendsError {
  const { ids, fields, retryAtMs, evidence } = (plain as unknown as { data: KalendsError }).data;
  return new KalendsError(plain.code, plain.message, {
    ids,
    ...(fields ? { fields } : {}),
    ...(retryAtMs === null ? {} : { retryAtMs }),
    ...(evidence === null ? {} : { evidence }),
  });
}

type PlainMoleculerError = ReturnType<moleculer.Errors.Regenerator['extractPlainError']>;

export function brokerOptions(config: Config, nodeId: string): BrokerOptions {
  return {
    namespace: 'kalends',
    nodeID: nodeId,
    ...(config.natsUrl === null
      ? {}
      : { transporter: { type: 'NATS' as const, options: natsOptions(config.natsUrl) } }),
    logger: {
      type: 'Pino',
      options: { pino: { options: logOptions(config.logLevel), destination: logDestination() } },
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

/** Reconnects for ever: with NATS away the sweeps carry on, and nothing is lost. */
const natsOptions = (url: string) => ({ servers: url.split(','), maxReconnectAttempts: -1 });

const moleculerLevel = (level: Config['logLevel']): NonNullable<BrokerOptions['logLevel']> =>
  level === 'silent' ? 'fatal' : level === 'info' ? 'warn' : level;
