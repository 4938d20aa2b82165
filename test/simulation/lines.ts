/** Contents as lines that are compared, whoever shows them. */
import type { Row } from './application.ts';

/** What is missing and what is too much, for people; null: they are the same. */
export function differing(what: string, found: readonly string[], wanted: readonly string[]): string | null {
  const missing = without(wanted, found);
  const surplus = without(found, wanted);
  if (missing.length + surplus.length === 0) return null;
  return `${what}: missing ${JSON.stringify(missing)}, surplus ${JSON.stringify(surplus)}`;
}

function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((one) => {
    const at = left.indexOf(one);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

/** As `shownBy` says it, behind the calendar. */
export function lineOfRow(row: Row): string {
  const time = (value: unknown): string => String(value).replace(/Z$/, '');
  const location = (row['location'] as { description?: string } | undefined)?.description ?? '';
  const shown = [time(row['start']), time(row['end']), String(row['summary']), location].join(' | ');
  return `${String(row['calendar_id'])} ${shown}`;
}
