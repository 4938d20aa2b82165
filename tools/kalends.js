#!/usr/bin/env node
/** The command `kalends`: runs the command line in a Node that is new enough, whichever started this file. */
import { join } from 'node:path';
import module from 'node:module';
import { codeCache, nodePath, root, run } from './node-of-ours.js';

const main = 'tools/cli/main.ts';

if (nodePath() === process.execPath) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? codeCache);
  await import(join(root, main));
} else run(main, process.argv.slice(2));
