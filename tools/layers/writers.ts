/** The writer check: log, cache and views have one writer, `store/commit.ts`; whoever else writes to them is named. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { queries } from '../../store/queries.ts';

/** By collection: the module that writes it. The layer rules let `store/commit` alone reach the second one. */
const writerOf: Readonly<Record<string, string>> = {
  commits: 'store/commit',
  calendars: 'store/projection-target',
  events: 'store/projection-target',
  managed_events: 'store/projection-target',
  resources: 'store/projection-target',
};

/** It corrects whatever a rebuild finds wrong, in whichever of them. */
const writerOfAny = 'store/commit';

/** Methods of the port that write, and what they are given at the least: what else is called so mostly gets less. */
const methods = { insert: 2, insertMany: 2, remove: 2, removeWhere: 2, replace: 3, upsertMany: 2 } as const;

/** Who else is asked to remove with as much: a provider a resource, and the API's writer an event. */
const others: ReadonlySet<string> = new Set(['provider', 'writer']);

const folders = ['actors', 'config', 'domain', 'providers', 'services', 'store', 'tools', 'web'];

export interface WriterReport {
  /** Writes to one of these collections that were seen. */
  readonly writes: number;
  /** Sentences; empty when every collection has its one writer. */
  readonly broken: readonly string[];
}

/** Checks the tree below `root`. Engines carry out what others ask for; tests and benches make worlds of their own. */
export function checkWriters(root: string): WriterReport {
  const files = folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .filter((file) => !file.startsWith('store/engines/'));
  let writes = 0;
  const broken: string[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    const from = file.replace(/\.ts$/, '');
    for (const { method, collection } of callsIn(file, readFileSync(join(root, file), 'utf8'))) {
      if (collection === null && from !== writerOfAny)
        broken.push(`${from} calls ${method} with a collection that cannot be read from its text`);
      const writer = collection === null ? undefined : writerOf[collection];
      if (collection === null || writer === undefined) continue;
      writes += 1;
      seen.add(collection);
      if (from !== writer) broken.push(`${from} writes ${collection} by ${method}, but ${writer} is their only writer`);
    }
  }
  // A collection that nobody seems to write is one that this check has lost sight of.
  const lost = Object.keys(writerOf).filter((collection) => writes > 0 && !seen.has(collection));
  return { writes, broken: [...broken, ...lost.map((collection) => `no write to ${collection} was seen`)] };
}

interface Call {
  readonly method: string;
  /** Null: none that can be read. */
  readonly collection: string | null;
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

function callsIn(file: string, source: string): Call[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const found: Call[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) walk(one);
    else if (isTree(value)) {
      if (value['type'] === 'CallExpression') found.push(...callOf(value));
      for (const one of Object.values(value)) walk(one);
    }
  };
  walk(program);
  return found;
}

function callOf({ callee, arguments: given }: Tree): Call[] {
  if (!isTree(callee) || callee['type'] !== 'MemberExpression') return [];
  const method = nameOf(callee['property']);
  if (!isMethod(method)) return [];
  const list = given as readonly Tree[];
  const text = list[0]?.['value'];
  if (typeof text !== 'string') {
    const isSpread = list.some((one) => one['type'] === 'SpreadElement');
    const isOurs = (isSpread || list.length >= methods[method]) && !others.has(nameOf(callee['object']));
    return isOurs ? [{ method, collection: null }] : [];
  }
  if (method !== 'removeWhere') return [{ method, collection: text }];
  return [
    { method, collection: Object.hasOwn(queries, text) ? queries[text as keyof typeof queries].collection : null },
  ];
}

const isMethod = (name: string): name is keyof typeof methods => Object.hasOwn(methods, name);

/** What something is called in the end: `documents` of `deps.documents`. */
function nameOf(value: unknown): string {
  if (!isTree(value)) return '';
  const name = value['type'] === 'MemberExpression' ? nameOf(value['property']) : value['name'];
  return typeof name === 'string' ? name : '';
}
