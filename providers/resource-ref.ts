/** The last part of the URL of a resource that we create. */
import { createHash } from 'node:crypto';

const longest = 120;

/**
 * Readable where the name allows it. What file systems and proxies trip over is replaced, and then a hash keeps
 * different names different; a repeat gives the same ref.
 */
export function icsRef(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, longest);
  if (safe === name && name !== '') return `${name}.ics`;
  return `${safe}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.ics`;
}
