/** Deliberate mistakes in the real code, each of which the simulation must notice. */
import type { Mutation } from './mutation.ts';
import { reading } from './reading.ts';
import { telling } from './telling.ts';
import { writing } from './writing.ts';

export const mutations: readonly Mutation[] = [...reading, ...writing, ...telling];
