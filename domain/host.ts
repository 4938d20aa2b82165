/** A host: where the calendars of many profiles live, and what is known of how it is. */
import { digestName } from './ids.ts';
import type { ErrorCode, Verdict } from './errors.ts';
import type { HostState } from './machines/host.ts';

/** The collection `hosts`: one document for each host that ever failed; written by compare and set, by any node. */
export interface HostDoc {
  /** As `Provider.hostOf` names it. */
  readonly _id: string;
  readonly rev: number;
  /** 0 while it is well: stands in the index that all nodes look at. */
  readonly troubled: 0 | 1;
  readonly state: HostState;
}

/** One person counts once, however many applications connected the login; the address itself is not kept. */
export const failingLoginOf = (name: string): string => digestName([name], 12);

/** What a profile met may be its host's: everything but proof about this login, and what lies on our own side. */
export const mayBeOfHost = ({ code, verdict }: { readonly code: ErrorCode; readonly verdict: Verdict }): boolean =>
  verdict !== 'auth_revoked' && verdict !== 'refused' && !ours.has(code);

const ours: ReadonlySet<ErrorCode> = new Set(['internal', 'unsealable', 'address_refused', 'shutting_down']);
