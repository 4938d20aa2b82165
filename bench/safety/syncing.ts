/** One healthy calendar account that is synced again and again, with what keeps deletions safe, or without it. */
import { registerHooks } from 'node:module';
import type { SubjectActions } from '../kit/subject.ts';
import type { Round } from './round.ts';
import type { Over } from './worlds.ts';

/** Pure functions that are passed by; what they decide is decided by the files of the same name under `without/`. */
const replaced: readonly (readonly [string, string])[] = [
  ['/domain/sync/guard.ts', './without/guard.ts'],
  ['/domain/sync/owed.ts', './without/owed.ts'],
  ['/domain/sync/checkpoint.ts', './without/checkpoint.ts'],
  ['/domain/sync/sentinel/count.ts', './without/count.ts'],
  ['/providers/caldav/fetch.ts', './without/fetch.ts'],
];

/** Answers which of them have not been loaded yet. */
function passBy(): () => readonly string[] {
  const awaited = new Set(replaced.map(([path]) => path));
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const own = context.parentURL?.includes('/bench/safety/without/') ?? false;
      const [path, by] = (own ? undefined : replaced.find(([one]) => found.url.endsWith(one))) ?? [];
      if (path === undefined) return found;
      awaited.delete(path);
      return { ...found, url: new URL(by ?? '', import.meta.url).href };
    },
  });
  return () => [...awaited];
}

let round: ((size: number) => Promise<Round>) | null = null;

export const subject = {
  /** Once, before anything else: what is passed by must be so before it is loaded. */
  prepare: async ({ safe, over }: { readonly safe: boolean; readonly over: Over }) => {
    const notLoaded = safe ? () => [] : passBy();
    const loaded = await import('./round.ts');
    if (notLoaded().length > 0) throw new Error(`nothing passes these by: ${notLoaded().join(', ')}`);
    round = (size) => loaded.syncRound({ size, safe, over });
    return null;
  },
  sync: async ({ size }: { readonly size: number }) => {
    if (round === null) throw new Error('prepare comes first');
    return round(size);
  },
} satisfies SubjectActions;
