/** COLOR (RFC 7986 section 5.9): a CSS name by the standard, `#rrggbb` in practice. */
import { setLines } from './edit.ts';
import { oneLine, rawLine, tokenOf } from './property.ts';
import type { Component } from './tree.ts';

export const readColor = (event: Component): string | null => tokenOf(event, 'COLOR');

/** Null and the empty text remove it. */
export function writeColor(event: Component, wanted: string | null): void {
  const next = oneLine(wanted ?? '');
  if (next === (readColor(event) ?? '')) return;
  setLines(event, ['COLOR'], next === '' ? [] : [rawLine('COLOR', next)]);
}
