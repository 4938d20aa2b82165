/** The settings of a command, or every problem with them. */
import { loadConfig, problemLines } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { KalendsError } from '../../domain/errors.ts';

/** Throws `configuration_invalid` with all problems at once. */
export function settingsOf(env: NodeJS.ProcessEnv = process.env): Config {
  const loaded = loadConfig(env);
  if (loaded.ok) return loaded.config;
  const lines = problemLines(loaded.problems).map((line) => `\n  ${line}`);
  throw new KalendsError('configuration_invalid', `the settings are not usable:${lines.join('')}\n`);
}
