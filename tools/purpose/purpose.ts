/** The purpose check: every file of source begins with a comment whose first sentence says what it is for. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PurposeReport {
  readonly files: number;
  /** Sentences; empty when every file says what it is for. */
  readonly silent: readonly string[];
}

/** What can hold a comment. */
const sources = ['**/*.{ts,js,java,xml,yml,yaml,sh,css,html}', '**/Dockerfile', '.ci/run'];

/** Installed, fetched or made while running. */
const notOurs = /(^|\/)(node_modules|\.git|\.cache|data)$/;

/** A comment at the very beginning, or below the line that tells a machine what the file is. */
const comment = /^(?:#!.*\n|<\?.*\n|<!DOCTYPE.*\n)?(?:\/\*+([^]*?)\*\/|<!--([^]*?)-->|((?:(?:\/\/|#).*\n)+))/i;

/** Checks the tree below `root`. */
export function checkPurposes(root: string): PurposeReport {
  const files = globSync(sources, { cwd: root, exclude: (path) => notOurs.test(path) }).sort();
  const silent = files.filter((file) => !saysItsPurpose(readFileSync(join(root, file), 'utf8')));
  return { files: files.length, silent: silent.map((file) => `${file} does not begin with a sentence of purpose`) };
}

function saysItsPurpose(text: string): boolean {
  const [, block, markup, lines] = comment.exec(text) ?? [];
  const words = (block ?? markup ?? lines ?? '').replaceAll(/^[ \t]*(\*|\/\/|#)/gm, '').trim();
  // Three words at least, up to a full stop or to a colon that begins a list.
  return /^\S+\s+\S+\s[^]*?[.:](\s|$)/.test(words);
}
