/** Kalends as benches run it: nothing falls due by itself, and whoever looks for secrets in logs finds its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { createNode, type KalendsNode, type NodeOptions } from '../../services/wiring.ts';
import { keepsTraces, logSink, useKeys } from '../../test/support/traces.ts';

/** Milliseconds that no bench lives: what is polled is polled because somebody asked. */
const neverMs = '86400000';

/** Not started yet. In a run of the suite everything is logged, into a file that its end looks through. */
export function kalendsIn(
  folder: string,
  { settings = {}, around = {}, services }: NodeOptions & { readonly settings?: Readonly<Record<string, string>> } = {},
): KalendsNode {
  const dataDir = join(folder, 'data');
  const traced = keepsTraces();
  const loaded = loadConfig({
    KALENDS_DATA_DIR: dataDir,
    KALENDS_PORT: '0',
    KALENDS_POLL_MS: neverMs,
    KALENDS_LOG_LEVEL: traced ? 'trace' : 'error',
    ...settings,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const log = traced ? { log: logSink } : {};
  const node = createNode(loaded.config, { ...(services && { services }), around: { ...log, ...around } });
  const start = async (): Promise<void> => {
    await node.start();
    useKeys(readFileSync(join(dataDir, 'sealing-keys'), 'utf8'));
  };
  return { ...node, start };
}
