/** Printing results: JSON where it is asked for, else lines that fit a terminal. */

/** `columns`: which fields of rows are shown, in order; all where it is left out. */
export function print(result: unknown, json: boolean, columns?: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${asText(result, columns)}\n`);
}

/** Terminals are at least this wide; longer cells are cut at the end of the line. */
const widest = 60;

export function asText(result: unknown, columns?: readonly string[]): string {
  if (Array.isArray(result))
    return result.length === 0 ? 'nothing' : table(result as Record<string, unknown>[], columns);
  return tree(result, '');
}

function table(rows: readonly Record<string, unknown>[], columns?: readonly string[]): string {
  const names = columns ?? Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => cell(row[name])));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line([...names]), ...cells.map(line)].join('\n');
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '-' : JSON.stringify(value);
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}

/** `name: value` lines; nested values are indented. */
function tree(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return `${indent}${String(value)}`;
  const entries = Array.isArray(value)
    ? value.map((one, index) => [`${index + 1}`, one] as const)
    : Object.entries(value);
  if (entries.length === 0) return `${indent}none`;
  return entries
    .map(([name, one]) => {
      const nested = typeof one === 'object' && one !== null && Object.keys(one).length > 0;
      return nested
        ? `${indent}${name}:\n${tree(one, `${indent}  `)}`
        : `${indent}${name}: ${one === null ? '-' : typeof one === 'object' ? 'none' : String(one)}`;
    })
    .join('\n');
}
