/** DESCRIPTION: the long text. */
import { setLines } from './edit.ts';
import { legalText, propertyOf, textLine } from './property.ts';
import type { Component } from './tree.ts';

/** The same text again for programs that show HTML: Outlook prefers it, so a stale copy would hide our change. */
const copies: readonly string[] = ['X-ALT-DESC', 'STYLED-DESCRIPTION'];

/** Empty where there is none. */
export const readDescription = (event: Component): string => propertyOf(event, 'DESCRIPTION')?.values[0] ?? '';

export function writeDescription(event: Component, wanted: string): void {
  if (legalText(wanted) === readDescription(event)) return;
  setLines(event, ['DESCRIPTION', ...copies], wanted === '' ? [] : [textLine('DESCRIPTION', wanted)]);
}
