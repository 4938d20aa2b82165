/** CATEGORIES: free labels, on one line or several. */
import { setLines } from './edit.ts';
import { legalText, readProperty, textLine } from './property.ts';
import { linesOf, type Component } from './tree.ts';

/** In file order, each once, without empty ones. */
export function readCategories(event: Component): string[] {
  const values = linesOf(event, 'CATEGORIES').flatMap((line) => readProperty(line)?.values ?? []);
  return distinct(values);
}

/** The order of labels says nothing: another order alone is left as it is. */
export function writeCategories(event: Component, wanted: readonly string[]): void {
  const next = distinct(wanted.map(legalText));
  const before = readCategories(event);
  if (next.length === before.length && next.every((one) => before.includes(one))) return;
  setLines(event, ['CATEGORIES'], next.length === 0 ? [] : [textLine('CATEGORIES', ...next)]);
}

const distinct = (labels: readonly string[]): string[] => [
  ...new Set(labels.map((label) => label.trim()).filter((label) => label !== '')),
];
