/** TRANSP and Microsoft's busy status: whether the event takes up time. */
import type { ExtendedTransparency, Transparency } from '../event.ts';
import { setLines } from './edit.ts';
import { rawLine, tokenOf } from './property.ts';
import type { Component } from './tree.ts';

const busyStatus = 'X-MICROSOFT-CDO-BUSYSTATUS';
/** What the organizer meant; Outlook takes it over when the event is accepted. */
const intendedStatus = 'X-MICROSOFT-CDO-INTENDEDSTATUS';

const extended: Readonly<Record<string, ExtendedTransparency>> = {
  FREE: 'transparent',
  BUSY: 'opaque',
  TENTATIVE: 'tentative',
  OOF: 'out_of_office',
  WORKINGELSEWHERE: 'working_elsewhere',
};

/** Opaque where the file does not say (RFC 5545 section 3.8.2.7), unless Microsoft's property says free. */
export function readTransparency(event: Component): Transparency {
  const token = tokenOf(event, 'TRANSP')?.toUpperCase();
  if (token === undefined) return busyOf(event) === 'transparent' ? 'transparent' : 'opaque';
  if (token === 'OPAQUE') return 'opaque';
  return token === 'TRANSPARENT' ? 'transparent' : 'unknown';
}

/** TRANSP wins a contradiction: clients that know nothing of the finer property leave a stale one behind. */
export function readExtendedTransparency(event: Component): ExtendedTransparency {
  const plain = readTransparency(event);
  const finer = busyOf(event);
  if (finer === null || finer === 'opaque' || finer === 'transparent') return plain;
  // Working elsewhere is the one finer kind that Outlook also gives to time that stays free.
  return plain === 'transparent' && finer !== 'working_elsewhere' ? plain : finer;
}

export function writeTransparency(event: Component, wanted: 'opaque' | 'transparent'): void {
  if (readTransparency(event) === wanted) return;
  setLines(event, ['TRANSP', busyStatus, intendedStatus], [rawLine('TRANSP', wanted.toUpperCase())]);
}

function busyOf(event: Component): ExtendedTransparency | null {
  return extended[tokenOf(event, busyStatus)?.toUpperCase() ?? ''] ?? null;
}
