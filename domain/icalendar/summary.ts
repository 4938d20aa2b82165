/** SUMMARY: what the event is called. */
import { setLines } from './edit.ts';
import { legalText, propertyOf, textLine } from './property.ts';
import type { Component } from './tree.ts';

/** Empty where there is none. */
export const readSummary = (event: Component): string => propertyOf(event, 'SUMMARY')?.values[0] ?? '';

export function writeSummary(event: Component, wanted: string): void {
  if (legalText(wanted) === readSummary(event)) return;
  setLines(event, ['SUMMARY'], wanted === '' ? [] : [textLine('SUMMARY', wanted)]);
}
