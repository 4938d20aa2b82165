/** The layer check: reads every import of the project, compares it with the rules, and fails when it saw no modules. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';
import { layerRules, type LayerRule } from './rules.ts';

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

export interface LayerReport {
  readonly modules: number;
  readonly imports: number;
  /** Sentences; empty when every rule holds. */
  readonly broken: readonly string[];
}

const folders = ['actors', 'bench', 'config', 'domain', 'providers', 'services', 'store', 'test', 'tools', 'web'];

/** Checks the tree below `root`. */
export function checkLayers(root: string, rules: readonly LayerRule[] = layerRules): LayerReport {
  const files = [
    ...folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })),
    ...globSync('*.ts', { cwd: root }),
  ];
  const imports = files.flatMap((file) => importsOf(root, file));
  const broken = imports.flatMap((one) => violations(one, rules));
  const cycles = runtimeCycles(imports);
  return { modules: files.length, imports: imports.length, broken: [...broken, ...cycles] };
}

function violations(one: Import, rules: readonly LayerRule[]): string[] {
  return rules
    .filter((rule) => rule.from.test(one.from) && rule.to.test(one.to) && !(rule.typesAllowed === true && one.typeOnly))
    .map((rule) => `${one.from} imports ${one.to}, but ${rule.name}`);
}

/** With `verbatimModuleSyntax` an import says by itself whether it is there at run time. */
function importsOf(root: string, file: string): Import[] {
  const { module, errors } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
  const from = file.replace(/\.ts$/, '');
  const statics = module.staticImports.map((one) => ({
    target: one.moduleRequest.value,
    typeOnly: one.entries.length > 0 && one.entries.every((entry) => entry.isType),
  }));
  const reexports = module.staticExports.flatMap((one) =>
    one.entries.flatMap((entry) =>
      entry.moduleRequest === null ? [] : [{ target: entry.moduleRequest.value, typeOnly: entry.isType }],
    ),
  );
  const source = readFileSync(join(root, file), 'utf8');
  const dynamics = module.dynamicImports.flatMap((one) => {
    const text = source.slice(one.moduleRequest.start, one.moduleRequest.end);
    return /^['"]/.test(text) ? [{ target: text.slice(1, -1), typeOnly: false }] : [];
  });
  return [...statics, ...reexports, ...dynamics]
    .filter(({ target }) => !target.startsWith('node:') && !builtinModules.includes(target))
    .map(({ target, typeOnly }) => ({ from, to: resolve(root, file, target), typeOnly }));
}

function resolve(root: string, file: string, target: string): string {
  if (!target.startsWith('.')) return `node_modules/${target}`;
  const path = relative(root, join(root, dirname(file), target));
  if (!existsSync(join(root, path))) throw new Error(`${file} imports ${target}, which is not there`);
  return path.replace(/\.ts$/, '');
}

/** Modules that import each other at run time depend on the order in which they happen to be loaded. */
function runtimeCycles(imports: readonly Import[]): string[] {
  const graph = Map.groupBy(
    imports.filter((one) => !one.typeOnly && !one.to.startsWith('node_modules/')),
    (one) => one.from,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (module: string, path: readonly string[]): void => {
    const at = path.indexOf(module);
    if (at !== -1) cycles.push(`${[...path.slice(at), module].join(' → ')} import each other at run time`);
    if (at !== -1 || done.has(module)) return;
    for (const one of graph.get(module) ?? []) visit(one.to, [...path, module]);
    done.add(module);
  };
  for (const module of graph.keys()) visit(module, []);
  return cycles;
}
