/** docs/errors.md: every verdict and every code, from the tables beside the codes. */
import { errorGuide, type GuideRow } from '../../domain/error-guide.ts';
import { verdictGuide } from '../../domain/verdict-guide.ts';
import { verdicts, type ErrorCode, type Verdict } from '../../domain/errors.ts';
import { mark, table, type Page } from './page.ts';

const code = (text: string): string => `\`${text}\``;

function verdictTable(): string {
  const rows = Object.entries(verdictGuide).map(([verdict, does]) => {
    const codes = Object.entries(verdicts).filter(([, one]) => one === verdict);
    return [code(verdict), does, codes.map(([name]) => code(name)).join(', ')];
  });
  return table(['verdict', 'what Kalends does', 'codes'], rows);
}

function codeTable(): string {
  const rows = Object.entries(verdicts).map(([name, verdict]) => {
    const row: GuideRow = errorGuide[name as ErrorCode];
    const does = row.does ?? verdictGuide[verdict satisfies Verdict];
    return [code(name), code(verdict), row.means, does, row.seen, row.todo];
  });
  return table(['code', 'verdict', 'what it means', 'what Kalends does', 'where it is seen', 'what to do'], rows);
}

const render = (): string =>
  [
    '# Errors',
    '',
    mark,
    '',
    'Every failure has a **code**, and every code has one **verdict**, which alone decides what Kalends does. A code is a',
    'stable name: none is ever renamed. What no row knows is `unexpected_status` or `internal`, both ambiguous: somebody',
    'looks at it, nobody dies of it. Credentials and accepted writes are kept whatever the verdict, and no verdict removes',
    'an event. How long each wait is says [delays](delays.md).',
    '',
    '## Verdicts',
    '',
    verdictTable(),
    '',
    '## Codes',
    '',
    codeTable(),
    '',
  ].join('\n');

export const errorsPage: Page = { path: 'docs/errors.md', render: () => Promise.resolve(render()) };
