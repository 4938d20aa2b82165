/** The policies in the shape that the state machines ask for. */
import type { HostNumbers } from '../domain/machines/host.ts';
import type { MachineNumbers } from '../domain/machines/machine.ts';
import { backoff, hosts, quarantine, retryAfter } from './policies.ts';

export const profileNumbers: MachineNumbers = { backoff, quarantine, retryAfter };

export const hostNumbers: HostNumbers = { backoff, hosts, retryAfter };
