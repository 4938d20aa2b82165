/** Writes the generated pages of docs/; `--check` only says whether they are current. */
import { join } from 'node:path';
import { delaysPage } from './pages/delays.ts';
import { errorsPage } from './pages/errors.ts';
import { mutationsPage } from './pages/mutations.ts';
import { operatorsPage } from './pages/operators.ts';
import { refresh } from './pages/page.ts';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

const pages = [errorsPage, delaysPage, operatorsPage, mutationsPage];
const problems: string[] = [];
for (const page of pages) {
  const problem = await refresh(page, { root, check });
  if (problem !== null) problems.push(problem);
}
console.log(problems.length > 0 ? problems.join('\n') : `${pages.length} pages ${check ? 'are current' : 'written'}`);
if (problems.length > 0) process.exitCode = 1;
