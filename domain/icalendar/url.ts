/** URL: a page about the event. */
import { setLines } from './edit.ts';
import { oneLine, rawLine, tokenOf } from './property.ts';
import type { Component } from './tree.ts';

export const readUrl = (event: Component): string | null => tokenOf(event, 'URL');

/** Null and the empty text remove it. */
export function writeUrl(event: Component, wanted: string | null): void {
  const next = oneLine(wanted ?? '');
  if (next === (readUrl(event) ?? '')) return;
  setLines(event, ['URL'], next === '' ? [] : [rawLine('URL', next)]);
}
