/** The profile machine: connecting, live, backing off, quarantined, relink required, disconnected. */
import type { ErrorCode, FailureEvidence } from '../errors.ts';

export type ProfileState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  | {
      readonly name: 'backing_off';
      readonly untilMs: number;
      readonly attempt: number;
      readonly code: ErrorCode;
      readonly initial: boolean;
    }
  | {
      readonly name: 'quarantined';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
      readonly initial: boolean;
    }
  | { readonly name: 'relink_required'; readonly code: ErrorCode; readonly sinceMs: number }
  | { readonly name: 'disconnected'; readonly sinceMs: number };
