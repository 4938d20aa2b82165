/** `npm test`: installs the servers that the suites run against, runs everything, ends with the count. */
import { chooseMongo } from './setup/mongo.ts';
import { wholeRunVariable } from '../test/support/traces.ts';
import { ensureSystemPackages } from './setup/system.ts';
import { runSuites } from './test/suites.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

const servers = ['radicale', 'xandikos', 'cyrus', 'nats', 'redis'] as const;
const standIn = (await chooseMongo()).kind === 'java' ? (['java'] as const) : [];
const present = await ensureSystemPackages([...servers, ...standIn], log);
for (const [name, state] of Object.entries(present)) {
  if (typeof state === 'object') log(`${name} is missing: ${state.missing}`);
}

const filters = process.argv.slice(2);
if (filters.length === 0) process.env[wholeRunVariable] = 'yes';
process.exit(await runSuites(filters));
