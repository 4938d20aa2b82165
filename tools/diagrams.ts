/** Writes the diagrams and tables of the state machines into actors/README.md; `--check` only says whether they are current. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { Arrow } from '../domain/machines/machine.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'actors/README.md');
const begin = '<!-- machines: begin; written by tools/diagrams.ts -->';
const end = '<!-- machines: end -->';

/** As much of a machine as a diagram shows. */
interface Drawn {
  readonly name: string;
  readonly start: string;
  readonly states: readonly string[];
  readonly arrows: readonly Arrow[];
}

function isMachine(value: unknown): value is Drawn {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'start' in value &&
    'states' in value &&
    Array.isArray(value.states) &&
    'arrows' in value &&
    Array.isArray(value.arrows)
  );
}

/** Every machine that a file of `folder` exports, by file name. */
export async function machinesIn(folder: string): Promise<Drawn[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort();
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(join(folder, file)).href)));
  return modules.flatMap((exports: Record<string, unknown>) => Object.values(exports).filter(isMachine));
}

/** One arrow of the picture for each pair of states, labelled with its inputs. */
function diagramOf({ start, states, arrows }: Drawn): string[] {
  const lines = states.map((state) => `    ${state}`);
  lines.push(`    [*] --> ${start}`);
  const pairs = Map.groupBy(
    arrows.filter(({ from, to }) => from !== to),
    ({ from, to }) => `${from} --> ${to}`,
  );
  for (const [pair, same] of pairs) lines.push(`    ${pair}: ${same.map(({ input }) => input).join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'];
}

function tableOf({ arrows }: Drawn): string[] {
  const rows = arrows.map(({ from, input, to, when }) => `| ${from} | ${input} | ${to} | ${when} |`);
  return ['| in the state | on the input | to the state | when |', '|---|---|---|---|', ...rows];
}

/** The page's part between the markers. */
export function renderMachines(machines: readonly Drawn[]): string {
  const sections = machines.map((machine) =>
    [`### The ${machine.name} machine`, '', ...diagramOf(machine), '', ...tableOf(machine)].join('\n'),
  );
  return [begin, '', ...sections.flatMap((section) => [section, '']), end].join('\n');
}

/** `text` with the part between the markers replaced; throws when it has no markers. */
export function replaceBetween(text: string, rendered: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no part between "${begin}" and "${end}"`);
  return text.slice(0, from) + rendered + text.slice(to + end.length);
}

/** What is wrong; null when nothing is. Writes the page unless it only checks. */
export async function run(options: {
  readonly check: boolean;
  readonly folder?: string;
  readonly page?: string;
}): Promise<{ readonly problem: string | null; readonly machines: number }> {
  const machines = await machinesIn(options.folder ?? join(root, 'domain/machines'));
  if (machines.length === 0) return { problem: 'no state machine was found, so nothing was checked', machines: 0 };
  const path = options.page ?? page;
  const text = await readFile(path, 'utf8');
  const current = replaceBetween(text, renderMachines(machines));
  if (current === text) return { problem: null, machines: machines.length };
  if (options.check) {
    return { problem: 'actors/README.md is out of date: run node tools/diagrams.ts', machines: machines.length };
  }
  await writeFile(path, current);
  return { problem: null, machines: machines.length };
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const { problem, machines } = await run({ check });
  console.log(problem ?? `diagrams of ${machines} state machines ${check ? 'are current' : 'written'}`);
  if (problem !== null) process.exitCode = 1;
}
