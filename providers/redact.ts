/** Makes excerpts that may be kept as evidence: short, without secrets, without anybody's appointments. */
import { limits } from '../config/policies.ts';

const hidden = '[redacted]';

const rules: readonly (readonly [RegExp, string])[] = [
  // Calendar contents belong to people; an excerpt of them proves nothing about a failure.
  [/BEGIN:VCALENDAR[\s\S]*?(?:END:VCALENDAR|$)/gi, '[calendar contents]'],
  [/(<(?:[\w-]+:)?calendar-data\b[^>]*>)[\s\S]*?(<\/(?:[\w-]+:)?calendar-data\s*>|$)/gi, '$1[calendar contents]$2'],
  [/^(?:SUMMARY|DESCRIPTION|LOCATION|ATTENDEE|ORGANIZER|COMMENT|CONTACT|URL)[;:].*$/gim, '[calendar contents]'],
  [/\b((?:proxy-)?authorization\s*[:=]\s*)[^\r\n<]*/gi, `$1${hidden}`],
  [/\b((?:set-)?cookie\s*[:=]\s*)[^\r\n<]*/gi, `$1${hidden}`],
  [/\b(Basic|Bearer|Digest)\s+[\w+/=.~-]{6,}/g, `$1 ${hidden}`],
  [
    /\b(\w*(?:password|passwd|pwd|secret|token|api_?key)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^"'\s&<,;]+)/gi,
    `$1${hidden}`,
  ],
  [/(\w+:\/\/)[^/\s@:]+:[^/\s@]+@/g, `$1${hidden}@`],
];

/**
 * `text` trimmed to `limits.excerptCharacters` with everything that looks like a secret or like calendar contents
 * replaced; `secrets` (a password, and what is made from it) are replaced wherever they occur.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  // A cut first keeps the cost bounded; a secret that the cut splits is hidden by the rules or cut away below.
  let excerpt = text.slice(0, limits.excerptCharacters * 8);
  for (const secret of secrets) if (secret.length >= 3) excerpt = excerpt.replaceAll(secret, hidden);
  for (const [pattern, replacement] of rules) excerpt = excerpt.replace(pattern, replacement);
  excerpt = excerpt.replaceAll(/\s+/g, ' ').trim();
  return excerpt.length <= limits.excerptCharacters ? excerpt : `${excerpt.slice(0, limits.excerptCharacters - 1)}…`;
}

/** All forms in which a login's password may come back in an error page. */
export function secretsOf(username: string, password: string): string[] {
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return [password, basic, encodeURIComponent(password), Buffer.from(password).toString('base64')].filter(
    (secret) => secret !== '',
  );
}
