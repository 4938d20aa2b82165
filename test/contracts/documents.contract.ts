/** The contract of the engine port: a test for each sentence of `store/documents.ts`, run on every engine. */
import { afterEach, beforeEach, describe } from 'vitest';

import { fidelity } from './documents/fidelity.ts';
import type { Abilities, At, Ground } from './documents/ground.ts';
import { lasting } from './documents/lasting.ts';
import { reading } from './documents/reading.ts';
import { writing } from './documents/writing.ts';

/** `prepare` makes a new, empty database for each test. */
export function documentsContract(name: string, can: Abilities, prepare: () => Promise<Ground>): void {
  describe(`documents on ${name}`, () => {
    const at = {} as At;
    beforeEach(async () => {
      at.ground = await prepare();
      at.documents = await at.ground.documents();
    });
    afterEach(() => at.ground.end());
    fidelity(at);
    writing(at);
    reading(at);
    lasting(at, can);
  });
}
