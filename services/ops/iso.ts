/** Times as operators read them. */

/** Later than this means never. */
const farFutureMs = 8_000_000_000_000_000;

/** ISO 8601; null for null and for never. */
export const iso = (ms: number | null): string | null =>
  ms === null || ms > farFutureMs ? null : new Date(ms).toISOString();
