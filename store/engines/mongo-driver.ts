/** The MongoDB driver, loaded when it is first needed: it takes 20 MB, for which an embedded store has no use. */
import { createRequire } from 'node:module';
import type * as Driver from 'mongodb';

const require = createRequire(import.meta.url);
let loaded: typeof Driver | null = null;

export const mongoDriver = (): typeof Driver => (loaded ??= require('mongodb') as typeof Driver);
