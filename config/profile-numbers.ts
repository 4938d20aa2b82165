/** The policies in the shape that the state machines ask for. */
import type { MachineNumbers } from '../domain/machines/machine.ts';
import { backoff, quarantine, retryAfter } from './policies.ts';

export const profileNumbers: MachineNumbers = { backoff, quarantine, retryAfter };
