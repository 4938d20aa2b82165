/** `docs/february-2020.md` says what the replay measures: its figures stand between marks, and are compared or written. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { repositoryRoot } from '../../tools/setup/locate.ts';

const path = join(repositoryRoot, 'docs/february-2020.md');
/** `REPLAY_WRITE=yes npx vitest run test/replay` */
const isWriting = process.env['REPLAY_WRITE'] === 'yes';

/** The text between the marks of this part; null when the page has no such part. */
export function measuredIn(page: string, part: string): string | null {
  const [opening, closing] = marksOf(part);
  const from = page.indexOf(opening);
  const to = page.indexOf(closing, from);
  return from === -1 || to === -1 ? null : page.slice(from + opening.length, to);
}

export function withMeasured(page: string, part: string, text: string): string {
  const before = measuredIn(page, part);
  if (before === null) throw new Error(`the page has no part for the ${part}`);
  const [opening, closing] = marksOf(part);
  return page.replace(`${opening}${before}${closing}`, () => `${opening}${text}${closing}`);
}

const marksOf = (part: string): readonly [string, string] => [
  `<!-- measured: ${part} (REPLAY_WRITE=yes npx vitest run test/replay) -->\n\n`,
  '\n\n<!-- end -->',
];

/** Every run is the same: the page says exactly this, or is out of date. */
export function expectMeasured(part: string, text: string): void {
  const page = readFileSync(path, 'utf8');
  if (isWriting) writeFileSync(path, withMeasured(page, part, text));
  else
    expect(measuredIn(page, part), 'the page is out of date: REPLAY_WRITE=yes npx vitest run test/replay').toBe(text);
}

/** Of commands, and what they print. */
export const codeBlock = (...lines: readonly string[]): string => ['```', ...lines, '```'].join('\n');
