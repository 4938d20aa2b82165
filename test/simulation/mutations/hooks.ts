/** Loads one file of the real code with one mistake in it: the mutation that `KALENDS_MUTATION` names. */
import { registerHooks } from 'node:module';
import { mutations } from './list.ts';
import { isInOnePlace } from './mutation.ts';

const mutation = mutations.find((one) => one.name === process.env['KALENDS_MUTATION']);

if (mutation !== undefined) {
  const { href } = new URL(`../../../${mutation.file}`, import.meta.url);
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (url !== href) return loaded;
      const source =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source ?? undefined);
      if (!isInOnePlace(mutation, source)) throw new Error(`${mutation.name}: ${mutation.file} has changed`);
      return { ...loaded, source: source.replace(mutation.find, () => mutation.replace) };
    },
  });
}
