/** UID, DTSTAMP, CREATED, LAST-MODIFIED and SEQUENCE: the marks that every write leaves (RFC 5545 section 3.8.7). */
import { readTime, utcText } from './clock-value.ts';
import { setLines } from './edit.ts';
import { sequenceOf } from './family.ts';
import { rawLine, textLine, tokenOf } from './property.ts';
import type { Component, Line } from './tree.ts';

/** How a new event begins. */
export function firstStamps(uid: string, nowMs: number): Line[] {
  const now = utcText(nowMs);
  const stamps = ['DTSTAMP', 'CREATED', 'LAST-MODIFIED'].map((name) => rawLine(name, now));
  return [textLine('UID', uid), ...stamps, rawLine('SEQUENCE', '0')];
}

/**
 * DTSTAMP and LAST-MODIFIED say when it was last revised, never earlier than they did (clocks differ). SEQUENCE grows
 * where attendees have to answer again: times or repetition changed (RFC 5546 section 2.1.4).
 */
export function advanceStamps(event: Component, nowMs: number, rescheduled: boolean): void {
  for (const name of ['DTSTAMP', 'LAST-MODIFIED']) {
    const before = readTime(tokenOf(event, name) ?? '');
    setLines(event, [name], [rawLine(name, utcText(Math.max(nowMs, before?.wallMs ?? nowMs)))]);
  }
  if (rescheduled) setLines(event, ['SEQUENCE'], [rawLine('SEQUENCE', String(sequenceOf(event) + 1))]);
}
