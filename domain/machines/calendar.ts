/** The calendar machine: initial, live, quarantined, gone. */
import type { ErrorCode, FailureEvidence } from '../errors.ts';
import type { Evidence } from '../resource.ts';

export type CalendarState =
  | { readonly name: 'initial' }
  | { readonly name: 'live' }
  | {
      readonly name: 'quarantined';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
    }
  | { readonly name: 'gone'; readonly evidence: Evidence };
