/** A page that is generated: what it is made from decides what it says, and a check says whether it is current. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  /** The whole text, from facts alone: the same each time. */
  readonly render: () => Promise<string>;
}

export const mark = '<!-- written by node tools/pages.ts -->';

/** A table in Markdown; a bar inside a cell would end it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Null when the page is current; writes it unless it only checks. */
export async function refresh(
  page: Page,
  options: { readonly root: string; readonly check: boolean },
): Promise<string | null> {
  const path = join(options.root, page.path);
  const wanted = await page.render();
  if ((await textOf(path)) === wanted) return null;
  if (options.check) return `${page.path} is out of date: run node tools/pages.ts`;
  await writeFile(path, wanted);
  return null;
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
