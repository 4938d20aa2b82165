/** The states of a profile, what moves it, and what follows: the words of its machine. */
import type { ErrorCode, FailureEvidence } from '../errors.ts';
import type { NoticeType } from '../notice.ts';
import type { HostStanding } from './host.ts';
import type { Failure, Step } from './machine.ts';

/** Refused credentials since the last answer that proved them, or since the host was last seen failing otherwise. */
export interface Refusals extends Count {
  /** Those since another login of the host was last refused as well; absent: all of them. */
  readonly alone?: Count;
}

interface Count {
  readonly count: number;
  readonly sinceMs: number;
}

/**
 * `initial`: the initial sync has not been completed; where it is optional, absent means true.
 * `trying`: the next try was counted before it was made, so its failure is not counted again.
 * Fields that came later are optional: documents written before them must still be read.
 */
export type ProfileState =
  | { readonly name: 'connecting'; readonly initial?: boolean }
  | { readonly name: 'live' }
  | {
      readonly name: 'backing_off';
      readonly untilMs: number;
      readonly attempt: number;
      readonly code: ErrorCode;
      readonly initial: boolean;
      readonly trying?: true;
      readonly refusals?: Refusals;
    }
  | {
      readonly name: 'quarantined';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
      readonly initial: boolean;
      readonly trying?: true;
      readonly refusals?: Refusals;
      /** Applications were told of this quarantine. */
      readonly told?: true;
    }
  | { readonly name: 'relink_required'; readonly code: ErrorCode; readonly sinceMs: number; readonly initial?: boolean }
  | { readonly name: 'disconnected'; readonly sinceMs: number; readonly initial?: boolean };

export type ProfileInput =
  /** The provider answered as it should: the credentials work and the account answers. */
  | { readonly kind: 'answered_well' }
  /** Every calendar of the first list has been listed in full once, or is quarantined or gone. */
  | { readonly kind: 'initial_sync_done' }
  /** A failure that no smaller scope could take. `host`: how the host is for others; absent: well. */
  | { readonly kind: 'failed'; readonly error: Failure; readonly host?: HostStanding }
  /** The wake-up of a backing off or quarantined profile; early ones are harmless. */
  | { readonly kind: 'probe_due' }
  /** The person consented again: new credentials are stored. */
  | { readonly kind: 'relinked' }
  /** The person or the application ended the connection. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'operator_reinstate' };

export type ProfileEffect =
  /** Append a change of kind `notice`. */
  | { readonly kind: 'notice'; readonly notice: NoticeType; readonly detail: string }
  /** Look at this profile at that time, or earlier. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** Ask the provider's `probe`; feed its outcome back. Nothing else may be asked. */
  | { readonly kind: 'probe' }
  /** Try the ordinary work once; feed its outcome back. */
  | { readonly kind: 'retry' }
  /** Record the time of the initial sync; the notice about it comes as its own effect. */
  | { readonly kind: 'initial_sync_completed'; readonly atMs: number };

export type ProfileStep = Step<ProfileState, ProfileEffect>;
