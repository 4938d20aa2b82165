/** CLASS: whether others may see more than the time. */
import { setLines } from './edit.ts';
import { rawLine, tokenOf } from './property.ts';
import { firstLine, type Component } from './tree.ts';

/** RFC 5545 section 3.8.1.3: a class that nobody knows is treated as PRIVATE. */
export function readPrivate(event: Component): boolean {
  const token = tokenOf(event, 'CLASS')?.toUpperCase() ?? 'PUBLIC';
  return token !== 'PUBLIC' && token !== 'DEFAULT' && token !== 'NORMAL';
}

export function writePrivate(event: Component, wanted: boolean): void {
  if (readPrivate(event) === wanted) return;
  if (wanted || firstLine(event, 'CLASS') !== null)
    setLines(event, ['CLASS'], [rawLine('CLASS', wanted ? 'PRIVATE' : 'PUBLIC')]);
}
