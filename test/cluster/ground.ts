/** What a cluster stands on in tests: a real NATS server, a MongoDB, a calendar server; and the link of an operator. */
import { loadConfig, problemLines } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { joinCluster, type OperatorLink } from '../../services/operator-link.ts';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { isMissing, usable, type CalDavServer } from '../support/caldav-server.ts';
import { startMongo, type MongoServer } from '../support/mongo.ts';
import { startNats, type NatsOptions, type RunningServer } from '../support/nats.ts';
import type { NodeUnderTest } from '../support/node-under-test.ts';
import { until } from '../support/node-under-test.ts';
import { startRadicale } from '../support/radicale.ts';
import { databaseAt, newKeys, quickCluster, type Settings } from './kalends-process.ts';

export interface Ground {
  readonly nats: RunningServer;
  readonly mongo: MongoServer;
  /** What every process of the cluster is told. */
  readonly settings: Settings;
  stop(): Promise<void>;
}

/** Null where NATS or MongoDB is missing; under CI that is a failure. */
export async function startGround(options: NatsOptions = { jetstream: true }): Promise<Ground | null> {
  const nats = usable('NATS', await startNats(options));
  const mongo = nats === null ? null : usable('MongoDB', await startMongo());
  if (nats === null || mongo === null) {
    await nats?.stop();
    return null;
  }
  const settings = {
    ...quickCluster,
    KALENDS_STORE_URL: databaseAt(mongo.url),
    KALENDS_NATS_URL: nats.url,
    KALENDS_KEYS: newKeys(),
  };
  const stop = async (): Promise<void> => {
    await nats.stop();
    await mongo.stop();
  };
  return { nats, mongo, settings, stop };
}

/** A real Radicale where there is one, else the model. */
export async function startCalendars(): Promise<CalDavServer> {
  const radicale = await startRadicale();
  return isMissing(radicale) ? startModelServer() : radicale;
}

export function configOf(settings: Settings): Config {
  const loaded = loadConfig(settings);
  if (loaded.ok) return loaded.config;
  throw new Error(problemLines(loaded.problems).join('\n'));
}

/** Asks whoever runs `ops`, over NATS, as the commands do; resolves when somebody does. */
export async function operatorOf(settings: Settings): Promise<OperatorLink & { readonly ops: NodeUnderTest['ops'] }> {
  const config = configOf({ ...settings, KALENDS_LOG_LEVEL: 'silent' });
  const link = await until(
    'somebody in the cluster to run ops',
    () => joinCluster(config),
    (one) => one !== null,
  );
  if (link === null) throw new Error('nobody runs ops');
  return { ...link, ops: <T>(action: string, params = {}) => link.call(`ops.${action}`, params) as Promise<T> };
}
