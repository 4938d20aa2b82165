/** Printing results: JSON where it is asked for, else lines that fit a terminal. */

/** `columns`: which fields of rows are shown, in order; all where it is left out. */
export function print(result: unknown, json: boolean, columns?: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${asText(result, columns)}\n`);
}

/** Terminals are at least this wide. */
const width = 80;
const indented = '  ';

export function asText(result: unknown, columns?: readonly string[]): string {
  if (Array.isArray(result))
    return result.length === 0 ? 'nothing' : table(result as Record<string, unknown>[], columns);
  return tree(result, '');
}

/**
 * A row that is wider than a terminal goes on below, indented: nothing is cut, and ids can be copied. The last column
 * may be long: it stands beside the others where it fits.
 */
function table(rows: readonly Record<string, unknown>[], columns?: readonly string[]): string {
  const names = columns ?? Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => cell(row[name])));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const lines = linesOf(widths.slice(0, -1));
  return [names, ...cells].map((row) => rowOf(row, lines, widths)).join('\n');
}

const gap = '  ';

/** Which columns stand on the first line of a row, which on the next, … */
function linesOf(widths: readonly number[]): readonly (readonly number[])[] {
  const lines: number[][] = [[]];
  let left = width;
  for (const [place, wide] of widths.entries()) {
    if (wide > left && lines.at(-1)?.length !== 0) {
      lines.push([]);
      left = width - indented.length;
    }
    lines.at(-1)?.push(place);
    left -= wide + gap.length;
  }
  return lines;
}

function rowOf(row: readonly string[], lines: readonly (readonly number[])[], widths: readonly number[]): string {
  const padded = lines.map(
    (places, k) => (k === 0 ? '' : indented) + places.map((one) => (row[one] ?? '').padEnd(widths[one] ?? 0)).join(gap),
  );
  const last = row.at(-1) ?? '';
  const beside = [padded.at(-1) ?? '', last].filter((text) => text !== '').join(gap);
  const ends = beside.length > width ? [padded.at(-1) ?? '', `${indented}${wrapped(last)}`] : [beside];
  return [...padded.slice(0, -1), ...ends].map((text) => text.trimEnd()).join('\n');
}

/** Between words; a word that is too long, e.g. a URL, stays whole. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width - indented.length) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${indented}`);
}

function cell(value: unknown): string {
  if (typeof value === 'string') return seconds(value);
  return value === null || value === undefined ? '-' : JSON.stringify(value);
}

/** `name: value` lines; nested values are indented. */
function tree(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return `${indent}${leaf(value)}`;
  const entries = Array.isArray(value)
    ? value.map((one, index): readonly [string, unknown] => [`${index + 1}`, one])
    : Object.entries(value).map(([name, one]) => readable(name, one));
  if (entries.length === 0) return `${indent}none`;
  return entries.map(([name, one]) => branch(name, one, indent)).join('\n');
}

function branch(name: string, one: unknown, indent: string): string {
  if (typeof one !== 'object' || one === null) return `${indent}${name}: ${leaf(one)}`;
  if (Object.keys(one).length === 0) return `${indent}${name}: none`;
  return `${indent}${name}:\n${tree(one, `${indent}${indented}`)}`;
}

const leaf = (value: unknown): string =>
  value === null ? '-' : seconds(typeof value === 'string' ? value : JSON.stringify(value));

/** More than three years: a length of time is never as long, an instant of ours never as early. */
const earliestMs = 100_000_000_000;
/** What stands for never has no date. */
const latestMs = 8_000_000_000_000_000;

/** Instants in milliseconds are for programs. */
function readable(name: string, value: unknown): readonly [string, unknown] {
  const [, stem] = /^(.*)ms$/i.exec(name) ?? [];
  if (stem === undefined || typeof value !== 'number' || value < earliestMs) return [name, value];
  return [stem === '' ? 'at' : stem, value > latestMs ? 'never' : new Date(value).toISOString()];
}

/** Of a time that is by itself the fraction tells people nothing. */
const seconds = (text: string): string => text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z$/, '$1Z');
