/** No log may hold a secret that a test used: the look at the end of a run finds one in any clothes, and fails the run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { scratch } from '../support/scratch.ts';
import { leaksIn, tracesVariable, wholeRunVariable } from '../support/traces.ts';

const at = scratch();

const setup = join(repositoryRoot, 'test/support/traces-setup.ts');
const traces = join(repositoryRoot, 'test/support/traces.ts');

/** A run of one file whose test passes, and does this to secrets and logs. */
function run(
  name: string,
  body: string,
  more: NodeJS.ProcessEnv = {},
): { readonly status: number | null; readonly output: string } {
  const root = at(name);
  mkdirSync(root, { recursive: true });
  const config = { include: ['*.fixture.ts'], globals: true, pool: 'forks', globalSetup: [setup] };
  writeFileSync(join(root, 'vitest.config.mjs'), `export default { test: ${JSON.stringify(config)} };`);
  writeFileSync(
    join(root, 'one.fixture.ts'),
    `import * as traces from ${JSON.stringify(traces)};\ntest('passes', () => { ${body} });`,
  );
  const { [tracesVariable]: _outer, [wholeRunVariable]: _whole, ...env } = process.env;
  const command = join(repositoryRoot, 'node_modules/.bin/vitest');
  const { status, stdout, stderr } = spawnSync(command, ['run', '--root', root], {
    cwd: root,
    env: { ...env, ...more },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

const secrets = (count: number): string =>
  `for (let k = 0; k < ${count}; k += 1) traces.useSecret('correct-horse-' + k)`;

describe('a run', () => {
  test('that leaks no secret ends well, and says that it looked', () => {
    const { status, output } = run('well', `traces.useSecret('correct-horse', 'ada'); traces.keepLog('all is well');`);
    expect(output).toMatch(/looked for \d+ secrets in 12 characters of logs/);
    expect(status).toBe(0);
  });

  test('that used no secret says so', () => {
    const { status, output } = run('none', '');
    expect(output).toMatch(/looked for 0 secrets in 0 characters of logs\n/);
    expect(status).toBe(0);
  });

  test('that uses a secret too short to be told from other words fails', () => {
    const { status, output } = run('short', `traces.useSecret('1234567', 'ada')`);
    expect(output).toMatch(/a secret of a test has at least 8 characters/);
    expect(status).toBe(1);
  });

  test.each([
    ['of everything fails without secrets', '', 1],
    ['of everything fails without logs', secrets(100), 1],
    ['of everything is content with enough of both', `${secrets(100)}; traces.keepLog('x'.repeat(1_000_000));`, 0],
  ])('%s, though its tests pass', (name, body, expected) => {
    const { status, output } = run(name.replaceAll(' ', '-'), body, { [wholeRunVariable]: 'yes' });
    expect(output).toMatch(/1 passed/);
    expect(output.includes('a whole run has at least')).toBe(expected === 1);
    expect(status).toBe(expected);
  });

  test.each([
    ['as it is', `traces.keepLog('connecting with correct-horse, really')`],
    ['in a header', `traces.keepLog('Basic ' + Buffer.from('ada:correct-horse').toString('base64'))`],
    ['from a node in the process', `traces.logSink.write('{"password":"correct-horse"}')`],
  ])('with a secret in a log fails, though its tests pass, and does not tell it again: %s', (name, leak) => {
    const { status, output } = run(name.replaceAll(' ', '-'), `traces.useSecret('correct-horse', 'ada'); ${leak}`);
    expect(output).toMatch(/1 passed/);
    expect(output).toMatch(/1 secrets in the logs:\n/);
    expect(output).not.toMatch(/correct-horse|YWRhOmNvcnJlY3QtaG9yc2U=/);
    expect(status).toBe(1);
  });
});

describe('the look through a folder', () => {
  test('finds the secret of one process in the log of another, and only whole ones', () => {
    const folder = at('folder');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'secrets-1'), '"abcdefgh"\n"has \\"quotes\\""\n"not-there"\n');
    writeFileSync(join(folder, 'log-2'), 'first\nsaid abcdefgh loudly\nlast');
    writeFileSync(join(folder, 'log-3'), 'abcdefg and has "quotes" here');
    const { leaks, ...seen } = leaksIn(folder);
    expect(seen).toEqual({ secrets: 3, logBytes: 60 });
    expect(leaks.map(({ line }) => line).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'abcdefg and [has…] here',
      'said [abc…] loudly',
    ]);
  });
});
