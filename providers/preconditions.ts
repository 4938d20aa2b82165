/** The named conditions inside a DAV:error element (RFC 4918 16, 4791, 6578, 6638) and what each of them means. */
import type { ErrorCode } from '../domain/errors.ts';

/** By local name; a server's namespace prefix says nothing. */
export const conditionCodes: Readonly<Record<string, ErrorCode>> = {
  'valid-sync-token': 'sync_token_invalid',
  'number-of-matches-within-limits': 'limit_refused',
  'need-privileges': 'privilege_missing',
  'no-uid-conflict': 'uid_conflict',
  'unique-scheduling-object-resource': 'uid_conflict',
  'same-organizer-in-all-components': 'content_refused',
  'allowed-organizer-scheduling-object-change': 'content_refused',
  'allowed-attendee-scheduling-object-change': 'content_refused',
  'valid-calendar-data': 'content_refused',
  'valid-calendar-object-resource': 'content_refused',
  'supported-calendar-data': 'content_refused',
  'supported-calendar-component': 'content_refused',
  'max-resource-size': 'content_refused',
  'min-date-time': 'content_refused',
  'max-date-time': 'content_refused',
  'max-instances': 'content_refused',
  'max-attendees-per-instance': 'content_refused',
  'resource-must-be-null': 'conflicting_state',
  'lock-token-submitted': 'locked',
  'quota-not-exceeded': 'quota_exceeded',
  'sufficient-disk-space': 'quota_exceeded',
  'calendar-collection-location-ok': 'parent_missing',
};

/** The names of the conditions in an error body, found by pattern: error bodies are often not well-formed. */
export function conditionsIn(text: string): string[] {
  const error =
    /<(?:[\w-]+:)?error\b[^>]*>([\s\S]*?)(?:<\/(?:[\w-]+:)?error\s*>|$)/i.exec(text.slice(0, 65_536))?.[1] ?? '';
  return [...error.matchAll(/<(?:[\w-]+:)?([a-z][\w-]*)/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => Object.hasOwn(conditionCodes, name));
}
