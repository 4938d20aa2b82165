/** `npm test`: installs the servers that the suites run against, runs everything, ends with the count. */
import { startVitest } from 'vitest/node';
import { chooseMongo } from './setup/mongo.ts';
import { wholeRunVariable } from '../test/support/traces.ts';
import { ensureSystemPackages } from './setup/system.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

const servers = ['radicale', 'xandikos', 'cyrus', 'nats', 'redis'] as const;
const standIn = (await chooseMongo()).kind === 'java' ? (['java'] as const) : [];
const present = await ensureSystemPackages([...servers, ...standIn], log);
for (const [name, state] of Object.entries(present)) {
  if (typeof state === 'object') log(`${name} is missing: ${state.missing}`);
}

const filters = process.argv.slice(2);
if (filters.length === 0) process.env[wholeRunVariable] = 'yes';
const vitest = await startVitest('test', filters, { watch: false, run: true });
const counts = { passed: 0, failed: 0, skipped: 0 };
let modules = 0;
for (const module of vitest.state.getTestModules()) {
  modules += 1;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    counts[state === 'pending' ? 'skipped' : state] += 1;
  }
  // A file that cannot be loaded has no tests to fail.
  if (!module.ok() && [...module.children.allTests()].every((test) => test.result().state !== 'failed'))
    counts.failed += 1;
}
const unhandled = vitest.state.getUnhandledErrors().length;
await vitest.close();
counts.failed += unhandled;
// Secrets that the end of the run found in logs, or none that it could have found.
if (process.exitCode !== undefined && process.exitCode !== 0 && counts.failed === 0) counts.failed += 1;
if (modules === 0) log('no test file was found');
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`,
);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
