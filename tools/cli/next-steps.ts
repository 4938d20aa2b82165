/** What a person at the command line can do about an error whose message says only what happened. */
import type { ErrorCode, KalendsError } from '../../domain/errors.ts';

const nextSteps: Partial<Record<ErrorCode, string>> = {
  unauthorized:
    'the calendar server refused the user name or the password: check both; many providers want an app password, made in their settings',
  credentials_revoked: 'connect again with new credentials',
  forbidden: 'see that this login may use CalDAV',
  connect_failed: 'check the address and the port, and whether the server runs',
  name_not_found: 'check the spelling of the address',
  tls_failed: 'check the certificate of the server, and whether it is https at all',
  timed_out: 'try again, and look at the server if it stays so',
  cut_short: 'try again, and look at the server if it stays so',
  not_a_calendar_server: 'give the address of the calendar server itself, or a full URL',
  store_full: 'make room on the disk of the store; nothing that was accepted is lost',
};

/** Null where nothing is to be done but to see what the message says. */
export const nextStep = ({ code, next }: KalendsError): string | null => next ?? nextSteps[code] ?? null;
