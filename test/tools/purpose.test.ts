/** The purpose check: passes on this repository, and names the files that do not say what they are for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkPurposes } from '../../tools/purpose/purpose.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kalends-purpose-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it('finds a purpose in every file of this repository, and saw them', () => {
  const report = checkPurposes(join(import.meta.dirname, '../..'));
  expect(report.silent).toEqual([]);
  expect(report.files).toBeGreaterThan(500);
});

it('sees nothing in an empty tree, which `npm run check` takes for a failure', () => {
  expect(checkPurposes(root)).toEqual({ files: 0, silent: [] });
});

it.each([
  ['a.ts', '/** Says what it is for. */\nexport {};\n'],
  ['a.ts', '/**\n * Says over two\n * lines what it is for: in detail\n */\n'],
  ['bin/a.js', '#!/usr/bin/env node\n/** Says what it is for. */\n'],
  ['a.ts', '// Says what it is for.\nexport {};\n'],
  ['.ci/run', '#!/bin/sh\n# What is run\n# for whom.\nexit\n'],
  ['Dockerfile', '# Says what it is for.\nFROM x\n'],
  ['pom.xml', '<?xml version="1.0"?>\n<!-- Says what it is for. -->\n<project/>\n'],
])('%s may begin with %j', (path, text) => {
  file(path, text);
  expect(checkPurposes(root)).toEqual({ files: 1, silent: [] });
});

it.each([
  ['a.ts', ''],
  ['a.ts', "import './b.ts';\n/** Says what it is for. */\n"],
  ['a.ts', '/** Foo */\nexport {};\n'],
  ['a.ts', '/** without any end */\n// Something. Else.\n'],
  ['A.java', 'import b;\n'],
  ['.ci/run', '#!/bin/sh\nset -e\n# Says what it is for.\n'],
  ['pom.xml', '<project>\n<!-- Says what it is for. -->\n</project>\n'],
])('%s may not begin with %j', (path, text) => {
  file(path, text);
  expect(checkPurposes(root).silent).toEqual([`${path} does not begin with a sentence of purpose`]);
});

it('does not look into what was installed, fetched or made', () => {
  for (const folder of ['node_modules', '.cache', 'data', 'web/node_modules']) file(`${folder}/a.ts`, 'export {};\n');
  expect(checkPurposes(root).files).toBe(0);
});
