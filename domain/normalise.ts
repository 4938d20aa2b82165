/** One entrance from bodies to meaning, with a small memory: a pull needs the same body for its diff and its projection. */
import type { Normalise, NormalisedResource } from './event.ts';
import { parseResource } from './icalendar/parse.ts';

/** Remembers between `capacity` and twice as many of the last bodies; the result is shared and must not be changed. */
export function createNormalise(capacity = 1_000): Normalise {
  let young = new Map<string, NormalisedResource>();
  let old = new Map<string, NormalisedResource>();
  return (_format, body) => {
    const known = young.get(body) ?? old.get(body);
    const resource = known ?? parseResource(body);
    if (young.size >= capacity) {
      old = young;
      young = new Map();
    }
    young.set(body, resource);
    return resource;
  };
}
