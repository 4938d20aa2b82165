/** The generated pages: complete, true to what the code does, and a page that is out of date is noticed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backoff } from '../../config/policies.ts';
import { settings } from '../../config/schema.ts';
import { errorGuide } from '../../domain/error-guide.ts';
import { KalendsError, verdicts, type ErrorCode } from '../../domain/errors.ts';
import { answerTo } from '../../services/gateway/errors.ts';
import { opsActions } from '../../services/ops.service.ts';
import { opsCommand } from '../../tools/cli/ops-commands.ts';
import { delaysPage, duration, reasonsIn } from '../../tools/pages/delays.ts';
import { operatorsPage } from '../../tools/pages/operators.ts';
import { errorsPage } from '../../tools/pages/errors.ts';
import { refresh } from '../../tools/pages/page.ts';

const codes = Object.keys(verdicts) as ErrorCode[];

describe('the page of errors', () => {
  it('has every code with its verdict', async () => {
    const text = await errorsPage.render();
    for (const code of codes) expect(text).toContain(`\n| \`${code}\` | \`${verdicts[code]}\` |`);
  });

  it.each(codes)('names the HTTP status that %s is answered with, and no other', (code) => {
    const { status } = answerTo(new KalendsError(code, 'x'));
    const told = [...errorGuide[code].seen.matchAll(/\b[45]\d\d\b/g)].map(([one]) => Number(one));
    // A code that never reaches an application would be answered like a defect; the page says so of `internal` alone.
    expect(told).toEqual(status === 500 && code !== 'internal' ? [] : [status]);
  });

  it('sends nobody to a command or a setting that does not exist', async () => {
    const text = await errorsPage.render();
    const commands = new Set(opsCommand().commands.map((one) => one.name()));
    const named = [...text.matchAll(/`ops ([\w-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !commands.has(name))).toEqual([]);
    const known = new Set<string>(Object.values(settings).map((one) => one.name));
    const asked = [...text.matchAll(/KALENDS_[A-Z_]+/g)].map(([name]) => name);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the page of delays', () => {
  it('shows each policy up to its cap, and where two of them end', async () => {
    const text = await delaysPage.render();
    for (const name of Object.keys(backoff)) expect(text).toContain(`\n### ${name}\n\n`);
    expect(text).toContain('| 1 | 1 s to 2 s | 1 s to 2 s |');
    expect(text).toContain('| 8 and all after it | 4 h 48 min to 6 h | 13 h 16 min to 16 h 35 min |');
    expect(text).not.toMatch(/NaN|undefined|\[object/);
  });

  it('gives the reason that stands before each number', () => {
    const text = [
      '/** How often. */',
      'export const often = {',
      '  /** Over two',
      '   * lines. */',
      '  firstMs: 1,',
      '  second: 2,',
      '} as const;',
      'export const other = {',
      '  /** Third. */',
      '  firstMs: 3,',
      '};',
    ].join('\n');
    expect([...reasonsIn(text)]).toEqual([
      ['often', 'How often.'],
      ['often.firstMs', 'Over two lines.'],
      ['other.firstMs', 'Third.'],
    ]);
  });

  it.each([
    [250, '250 ms'],
    [1_400, '1.4 s'],
    [90_000, '1 min 30 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ])('says %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe("the page of operators' commands", () => {
  it('has every action of the console', async () => {
    const text = await operatorsPage.render();
    const named = new Set([...text.matchAll(/\bops\.(\w+)/g)].map(([, name]) => name));
    expect(named).toEqual(new Set(opsActions));
  });

  it('says with what words a command asks an action of another name', async () => {
    const rows = (await operatorsPage.render()).split('\n');
    const consoleOf = (command: string) => rows.find((one) => one.startsWith(`| \`kalends ops ${command}`));
    expect(consoleOf('held release')).toContain(
      '`call ops.settleHeld --word release --profile <profile> [--calendar <id>] [--resource <id>] [--note <text>]`',
    );
    expect(consoleOf('rebuild')).toContain('`call ops.rebuild [--profile <id>] --compare false\\|true`');
  });
});

describe('a page', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kalends-pages-'));
    mkdirSync(join(root, 'docs'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const page = { path: 'docs/x.md', render: () => Promise.resolve('new\n') };

  it.each([null, 'old\n'])('that says %j is reported when it is checked, and left as it is', async (before) => {
    if (before !== null) writeFileSync(join(root, page.path), before);
    expect(await refresh(page, { root, check: true })).toMatch(/docs\/x\.md is out of date: run node tools\/pages\.ts/);
    expect(await refresh(page, { root, check: false })).toBeNull();
    expect(readFileSync(join(root, page.path), 'utf8')).toBe('new\n');
    expect(await refresh(page, { root, check: true })).toBeNull();
  });
});
