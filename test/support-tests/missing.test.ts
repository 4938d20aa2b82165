/** A server that a machine has not: under CI every suite that needs it fails, elsewhere it is said loudly. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { usable } from '../support/caldav-server.ts';
import { scratch } from '../support/scratch.ts';

const missing = { missing: 'nobody installed it' };
const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('one that was started is what a suite uses', () => {
  vi.stubEnv('CI', 'true');
  expect(usable('Radicale', { url: 'http://x/' })).toEqual({ url: 'http://x/' });
  expect(said).toEqual([]);
});

test('one that is missing is a failure under CI', () => {
  vi.stubEnv('CI', 'true');
  expect(() => usable('Radicale', missing)).toThrow(/need Radicale, because nobody installed it/);
});

test.each(['', undefined])('elsewhere (CI=%j) it is none, and that is said', (ci) => {
  vi.stubEnv('CI', ci);
  expect(usable('Radicale', missing)).toBeNull();
  expect(said.join('')).toMatch(/SKIPPED, NOT PASSED: the suites that need Radicale, because nobody installed it/);
});

describe('the provider contract', () => {
  const at = scratch();
  const contract = JSON.stringify(join(repositoryRoot, 'test/contracts/provider-subject.ts'));

  test.each([
    ['true', 1, /need the provider, because nobody installed it/],
    ['', 0, /SKIPPED, NOT PASSED/],
  ])('on what is missing ends under CI=%j with status %d', (CI, status, words) => {
    const root = at('contract');
    mkdirSync(root);
    const config = { include: ['*.fixture.ts'], globals: true, pool: 'forks' };
    writeFileSync(join(root, 'vitest.config.mjs'), `export default { test: ${JSON.stringify(config)} };`);
    writeFileSync(
      join(root, 'one.fixture.ts'),
      `import { createSuite } from ${contract};
       const suite = createSuite('the provider', {}, async () => (${JSON.stringify(missing)}));
       suite.always('uses it', (context) => void suite.under(context));`,
    );
    const command = join(repositoryRoot, 'node_modules/.bin/vitest');
    const ran = spawnSync(command, ['run', '--root', root], {
      cwd: root,
      env: { ...process.env, CI },
      encoding: 'utf8',
    });
    expect(ran.stdout + ran.stderr).toMatch(words);
    expect(ran.status).toBe(status);
  });
});
