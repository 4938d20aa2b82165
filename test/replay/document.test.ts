/** The parts of the page that are measured: found, replaced, and nothing else touched. */
import { expect, test } from 'vitest';
import { measuredIn, withMeasured } from './document.ts';

const mark = (part: string): string => `<!-- measured: ${part} (REPLAY_WRITE=yes npx vitest run test/replay) -->`;
const page = `# Page\n\n${mark('table')}\n\n| a |\n\n<!-- end -->\n\nwords\n\n${mark('line')}\n\nold $& line\n\n<!-- end -->\n`;

test('a part is what stands between its marks', () => {
  expect(measuredIn(page, 'table')).toBe('| a |');
  expect(measuredIn(page, 'line')).toBe('old $& line');
  expect(measuredIn(page, 'other')).toBeNull();
});

test('a part is replaced, all else stays; one that is not there is no part of the page', () => {
  const written = withMeasured(page, 'line', "new $' line");
  expect(measuredIn(written, 'line')).toBe("new $' line");
  expect(withMeasured(written, 'line', 'old $& line')).toBe(page);
  expect(() => withMeasured(page, 'other', '')).toThrow('no part for the other');
});
