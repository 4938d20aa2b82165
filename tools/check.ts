/** `npm run check`: format, lint, types, layers, purposes, unused code, diagrams, generated pages; each says what it saw, all are run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkLayers } from './layers/layers.ts';
import { checkWriters } from './layers/writers.ts';
import { checkPurposes } from './purpose/purpose.ts';

const root = join(import.meta.dirname, '..');

interface Step {
  readonly name: string;
  /** Answers what it saw, or throws with what is wrong. */
  readonly run: () => string;
}

const command = (name: string, args: readonly string[], saw: (output: string) => string) => (): string => {
  const { status, stdout, stderr } = spawnSync(name, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${stdout}${stderr}`.trim());
  return saw(`${stdout}${stderr}`);
};

function layers(): string {
  const { modules, imports, broken } = checkLayers(root);
  if (modules === 0 || imports === 0) throw new Error('the layer check saw no modules: it proves nothing');
  const { writes, broken: strangers } = checkWriters(root);
  if (writes === 0) throw new Error('the writer check saw no write: it proves nothing');
  if (broken.length + strangers.length > 0) throw new Error([...broken, ...strangers].join('\n'));
  return `${modules} modules, ${imports} imports, ${writes} writes to log and projections`;
}

function purposes(): string {
  const { files, silent } = checkPurposes(root);
  if (files === 0) throw new Error('the purpose check saw no files: it proves nothing');
  if (silent.length > 0) throw new Error(silent.join('\n'));
  return `${files} files`;
}

const fileCount = (output: string): string => /on (\d+ files)/.exec(output)?.[1] ?? 'done';

const steps: readonly Step[] = [
  { name: 'format', run: command('oxfmt', ['--check', '.'], fileCount) },
  { name: 'lint', run: command('oxlint', ['--type-aware'], fileCount) },
  { name: 'types', run: command('tsc', ['-p', '.'], () => 'no errors') },
  { name: 'layers', run: layers },
  { name: 'purposes', run: purposes },
  { name: 'unused', run: command('knip', [], () => 'none') },
  {
    name: 'diagrams',
    run: command('node', ['tools/diagrams.ts', '--check'], (output) => output.trim().split('\n').at(-1) ?? ''),
  },
  {
    name: 'pages',
    run: command('node', ['tools/pages.ts', '--check'], (output) => output.trim().split('\n').at(-1) ?? ''),
  },
];

let failed = 0;
for (const step of steps) {
  const startedAt = performance.now();
  const tell = (mark: string, text: string): void => {
    process.stdout.write(
      `${mark} ${step.name.padEnd(10)} ${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${text}\n`,
    );
  };
  try {
    tell('ok  ', step.run());
  } catch (error) {
    failed += 1;
    tell('FAIL', (error as Error).message);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
