/** The end of `npm test`: what its last line counts, when it fails, and that under CI nothing is left out unseen. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { onlyWhere, verdictOf, type EndedRun, type EndedTest } from '../../tools/test/verdict.ts';
import { scratch } from '../support/scratch.ts';

const passed: EndedTest = { name: 'adds', state: 'passed' };
const failed: EndedTest = { name: 'adds', state: 'failed' };
const skipped: EndedTest = { name: 'adds', state: 'skipped' };

const run = (tests: readonly EndedTest[], more: Partial<EndedRun> = {}): EndedRun => ({
  files: [{ path: 'sums.test.ts', ok: tests.every(({ state }) => state !== 'failed'), tests }],
  unhandled: 0,
  exitCode: 0,
  underCi: false,
  ...more,
});

const brokenFile = { path: 'broken.test.ts', ok: false, tests: [] };

describe('a run', () => {
  it.each<[string, EndedRun, string, 0 | 1]>([
    ['where all pass', run([passed, passed]), '2 passed, 0 failed', 0],
    ['where one fails', run([passed, failed], { exitCode: 1 }), '1 passed, 1 failed', 1],
    ['where one is skipped', run([passed, skipped]), '1 passed, 0 failed, 1 skipped', 0],
    ['where one was never begun', run([passed, { ...passed, state: 'pending' }]), '1 passed, 0 failed, 1 skipped', 0],
    ['that ran nothing', run([], { files: [] }), '0 passed, 0 failed', 1],
    ['that skipped everything', run([skipped]), '0 passed, 0 failed, 1 skipped', 1],
    [
      'with a file that cannot be loaded',
      run([], { files: [...run([passed]).files, brokenFile], exitCode: 1 }),
      '1 passed, 1 failed',
      1,
    ],
    ['with an error that belongs to no test', run([passed], { unhandled: 1, exitCode: 1 }), '1 passed, 1 failed', 1],
    ['that something around the tests fails', run([passed], { exitCode: 1 }), '1 passed, 1 failed', 1],
  ])('%s', (_what, ended, lastLine, exitStatus) => {
    expect(verdictOf(ended)).toMatchObject({ lastLine, exitStatus });
  });

  it('names the file that failed outside its tests', () => {
    const { remarks } = verdictOf(run([], { files: [...run([passed]).files, brokenFile] }));
    expect(remarks).toEqual(['broken.test.ts failed outside its tests']);
  });

  it('says that no file was found', () => {
    expect(verdictOf(run([], { files: [] })).remarks).toEqual(['no test file was found']);
  });
});

describe('under CI', () => {
  it('a skipped test is a failure, and is named', () => {
    expect(verdictOf(run([passed, skipped], { underCi: true }))).toEqual({
      remarks: ['skipped, which is a failure under CI: sums.test.ts > adds'],
      lastLine: '1 passed, 1 failed',
      exitStatus: 1,
    });
  });

  it('one that asks for another kind of machine is not, and its reason is told', () => {
    const asRoot = { ...skipped, note: `${onlyWhere}this is root` };
    expect(verdictOf(run([passed, asRoot], { underCi: true }))).toEqual({
      remarks: ['skipped: sums.test.ts > adds (only where this is root)'],
      lastLine: '1 passed, 0 failed, 1 skipped',
      exitStatus: 0,
    });
  });
});

describe('as it is run', () => {
  const at = scratch();
  const suites = JSON.stringify(join(repositoryRoot, 'tools/test/suites.ts'));

  function ended(
    files: Readonly<Record<string, string>>,
    ci: string,
  ): { readonly last: string; status: number | null } {
    const root = at('run');
    mkdirSync(root);
    const config = { include: ['*.fixture.ts'], globals: true, pool: 'forks' };
    writeFileSync(join(root, 'vitest.config.mjs'), `export default { test: ${JSON.stringify(config)} };`);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, `${name}.fixture.ts`), text);
    const script = `import { runSuites } from ${suites}; process.exit(await runSuites([]));`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      env: { ...process.env, CI: ci },
      encoding: 'utf8',
    });
    return { last: stdout.split('\n').slice(-2).join('|'), status };
  }

  const passing = "test('passes', () => undefined);";

  test('its last line is the count, and its status says whether it is good', () => {
    expect(ended({ one: passing }, '')).toEqual({ last: '1 passed, 0 failed|', status: 0 });
  });

  test('a file that cannot be loaded, a test that fails and one that is skipped are in it', () => {
    const files = {
      one: `${passing} test('fails', () => { throw new Error('no'); }); test.skip('is not run', () => undefined);`,
      two: "import './nowhere.ts';",
      three: `${passing} test('asks for more', ({ skip }) => skip('${onlyWhere}pigs fly'));`,
    };
    expect(ended(files, '')).toEqual({ last: '2 passed, 2 failed, 2 skipped|', status: 1 });
    expect(ended(files, 'true')).toEqual({ last: '2 passed, 3 failed, 1 skipped|', status: 1 });
  });
});
