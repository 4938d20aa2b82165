/** Starts a TypeScript tool of the project from any Node: `node tools/run.js tools/check.ts …`; installs packages first. */
import { ensurePackages, run } from './node-of-ours.js';

const [file = '', ...args] = process.argv.slice(2);
ensurePackages();
run(file, args);
