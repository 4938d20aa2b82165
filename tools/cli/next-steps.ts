/** What a person at the command line can do about an error whose message says only what happened. */
import type { ErrorCode } from '../../domain/errors.ts';

const nextSteps: Partial<Record<ErrorCode, string>> = {
  unauthorized:
    'the calendar server refused the user name or the password: check both; many providers want an app password, made in their settings',
  credentials_revoked: 'the calendar server withdrew these credentials: connect again with new ones',
  forbidden: 'the calendar server knows the login and refuses it: see that it may use CalDAV',
  connect_failed: 'nobody answers there: check the address and the port, and whether the server runs',
  name_not_found: 'no such host is known: check the spelling of the address',
  tls_failed: 'no safe connection could be made: check the certificate of the server, and whether it is https at all',
  timed_out: 'the server took too long: try again, and look at the server if it stays so',
  cut_short: 'the server ended its answer early: try again, and look at the server if it stays so',
  not_a_calendar_server: 'give the address of the calendar server itself, or a full URL',
  store_full: 'make room on the disk of the store; nothing that was accepted is lost',
};

/** Null where the message itself says what to do. */
export const nextStep = (code: ErrorCode): string | null => nextSteps[code] ?? null;
