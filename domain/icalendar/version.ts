/** The version of the normaliser: a stored hash carries it, so that new rules are never mistaken for changes. */

/** Advance whenever `parseResource` or `observedHash` would answer differently for some body. */
export const normaliserVersion = 3;
