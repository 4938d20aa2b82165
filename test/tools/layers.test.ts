/** The layer check: passes on this repository, sees what it should see, and fails when shown a forbidden import. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkLayers } from '../../tools/layers/layers.ts';
import { layerRules } from '../../tools/layers/rules.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kalends-layers-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

it('finds every rule kept in this repository, and saw its modules', () => {
  const report = checkLayers(join(import.meta.dirname, '../..'));
  expect(report.broken).toEqual([]);
  expect(report.modules).toBeGreaterThan(200);
  expect(report.imports).toBeGreaterThan(report.modules);
});

it('sees nothing in an empty tree, which `npm run check` takes for a failure', () => {
  expect(checkLayers(root)).toEqual({ modules: 0, imports: 0, broken: [] });
});

const forbidden: readonly (readonly [string, string, string])[] = [
  ['domain/a.ts', 'store/b', "import type { B } from '../store/b.ts';"],
  ['domain/a.ts', 'config/b', "import { b } from '../config/b.ts';"],
  ['config/a.ts', 'providers/b', "import { b } from '../providers/b.ts';"],
  ['providers/a.ts', 'store/b', "import type { B } from '../store/b.ts';"],
  ['store/a.ts', 'providers/b', "export { b } from '../providers/b.ts';"],
  ['actors/a.ts', 'store/b', "import { b } from '../store/b.ts';"],
  ['actors/a.ts', 'providers/b', "const b = await import('../providers/b.ts');"],
  ['actors/a.ts', 'services/b', "import type { B } from '../services/b.ts';"],
  ['services/a.ts', 'store/engines/b', "import { b } from '../store/engines/b.ts';"],
  ['store/a.ts', 'store/projection-target', "import { b } from './projection-target.ts';"],
  ['services/a.ts', 'providers/caldav/b', "import { b } from '../providers/caldav/b.ts';"],
  ['services/a.ts', 'tools/b', "import { b } from '../tools/b.ts';"],
  ['actors/a.ts', 'node_modules/moleculer', "import moleculer from 'moleculer';"],
  ['web/a.ts', 'domain/b', "import type { B } from '../domain/b.ts';"],
  ['services/a.ts', 'test/b', "import { b } from '../test/b.ts';"],
  ['domain/a.ts', 'bench/b', "import { b } from '../bench/b.ts';"],
];

it.each(forbidden)('fails when %s imports %s', (from, to, statement) => {
  const target = to.startsWith('node_modules')
    ? {}
    : { [`${to}.ts`]: 'export const b = 1;\nexport type B = number;\n' };
  const report = checkLayers(tree({ ...target, [from]: `${statement}\n` }));
  expect(report.broken.join('\n')).toContain(`${from.replace('.ts', '')} imports ${to}, but `);
});

it('has an example above for every rule that names a folder', () => {
  const shown = layerRules.filter((rule) =>
    forbidden.some(([from, to]) => rule.from.test(from.replace('.ts', '')) && rule.to.test(to)),
  );
  expect(shown.map((rule) => rule.name)).toEqual(layerRules.map((rule) => rule.name));
});

it('lets actors import the ports of providers and store as types', () => {
  const files = {
    'store/b.ts': 'export type B = number;\n',
    'actors/a.ts': "import type { B } from '../store/b.ts';\nexport type A = B;\n",
  };
  expect(checkLayers(tree(files)).broken).toEqual([]);
});

it('finds modules that import each other at run time, and lets types do so', () => {
  const files = {
    'domain/a.ts': "import { b } from './b.ts';\nexport const a = (): number => b();\n",
    'domain/b.ts': "import { a } from './a.ts';\nexport const b = (): number => a();\n",
    'domain/c.ts': "import type { D } from './d.ts';\nexport type C = D;\n",
    'domain/d.ts': "import type { C } from './c.ts';\nexport type D = C | null;\n",
  };
  const { broken } = checkLayers(tree(files));
  expect(broken).toHaveLength(1);
  expect(broken[0]).toContain('domain/a → domain/b → domain/a');
});
