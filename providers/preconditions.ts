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
  const tags = tagsIn(text.slice(0, 65_536));
  const begin = tags.findIndex(({ closes, name }) => !closes && isError(name));
  if (begin === -1) return [];
  const end = tags.findIndex(({ closes, name }, at) => at > begin && closes && isError(name));
  return tags
    .slice(begin + 1, end === -1 ? tags.length : end)
    .flatMap(({ closes, name }) => (!closes && Object.hasOwn(conditionCodes, name) ? [name] : []));
}

const isError = (name: string): boolean => name.toLowerCase() === 'error';

/** Two patterns of one pass each: a single one that looks for names and ends at once is quadratic on `<error <error …`. */
const tagsIn = (text: string): { readonly closes: boolean; readonly name: string }[] =>
  [...text.matchAll(/<([^<>]*)/g)].map(([, inside = '']) => {
    const [, slash = '', qualified = ''] = /^(\/?)([\w:-]*)/.exec(inside) ?? [];
    return { closes: slash !== '', name: qualified.slice(qualified.indexOf(':') + 1) };
  });
