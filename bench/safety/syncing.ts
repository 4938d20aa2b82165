/** One healthy calendar account that is synced again and again, with what keeps deletions safe, or without it. */
import { registerHooks } from 'node:module';
import type { SubjectActions } from '../kit/subject.ts';
import type { Round } from './round.ts';

/** Pure functions that are passed by; what they decide is decided by the files of the same name under `without/`. */
const replaced: readonly (readonly [string, string])[] = [
  ['/domain/sync/guard.ts', './without/guard.ts'],
  ['/domain/sync/owed.ts', './without/owed.ts'],
  ['/domain/sync/checkpoint.ts', './without/checkpoint.ts'],
  ['/domain/sync/sentinel/count.ts', './without/count.ts'],
];

function passBy(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const own = context.parentURL?.includes('/bench/safety/without/') ?? false;
      const [, by] = (own ? undefined : replaced.find(([path]) => found.url.endsWith(path))) ?? [];
      return by === undefined ? found : { ...found, url: new URL(by, import.meta.url).href };
    },
  });
}

let round: ((size: number) => Promise<Round>) | null = null;

export const subject = {
  /** Once, before anything else: what is passed by must be so before it is loaded. */
  prepare: async ({ safe }: { readonly safe: boolean }) => {
    if (!safe) passBy();
    const loaded = await import('./round.ts');
    round = (size) => loaded.syncRound(size, safe);
    return null;
  },
  sync: async ({ size }: { readonly size: number }) => {
    if (round === null) throw new Error('prepare comes first');
    return round(size);
  },
} satisfies SubjectActions;
