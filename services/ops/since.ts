/** How operators say since when: `90m`, `36h`, `7d`, or a time. */
import { KalendsError } from '../../domain/errors.ts';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Epoch milliseconds; rejects what is neither, and what lies ahead. */
export function sinceOf(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? [];
  const atMs = count === undefined ? Date.parse(text) : nowMs - Number(count) * (units[unit] ?? 0);
  if (Number.isFinite(atMs) && atMs <= nowMs) return atMs;
  throw new KalendsError('invalid_input', `\`${text}\` is no time past`, {
    next: 'write 90m, 36h, 7d, or 2026-11-20T08:00:00Z',
  });
}
