/** Makes excerpts that may be kept as evidence: short, without secrets, without anybody's appointments. */
import { limits } from '../config/policies.ts';

const hidden = '[redacted]';

const rules: readonly (readonly [RegExp, string])[] = [
  // Calendar contents belong to people; an excerpt of them proves nothing about a failure.
  [/BEGIN:VCALENDAR[\s\S]*?(?:END:VCALENDAR|$)/gi, '[calendar contents]'],
  [/(<(?:[\w-]+:)?calendar-data\b[^<>]*>)[\s\S]*?(<\/(?:[\w-]+:)?calendar-data\s*>|$)/gi, '$1[calendar contents]$2'],
  [/^(?:SUMMARY|DESCRIPTION|LOCATION|ATTENDEE|ORGANIZER|COMMENT|CONTACT|URL)[;:].*$/gim, '[calendar contents]'],
  [/\b((?:proxy-)?authorization\s*[:=]\s*)[^\r\n<]*/gi, `$1${hidden}`],
  [/\b((?:set-)?cookie\s*[:=]\s*)[^\r\n<]*/gi, `$1${hidden}`],
  [/\b(Basic|Bearer|Digest)\s+[\w+/=.~-]{6,}/g, `$1 ${hidden}`],
  [
    /\b(\w*(?:password|passwd|pwd|secret|token|api_?key)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^"'\s&<,;]+)/gi,
    `$1${hidden}`,
  ],
  [/\b(\w+:\/\/)[^/\s@:]+:[^/\s@]+@/g, `$1${hidden}@`],
];

/** Shorter ones would blot out half of every page. */
const secretCharactersMin = 3;

/**
 * `text` trimmed to `limits.excerptCharacters` with everything that looks like a secret or like calendar contents
 * replaced; `secrets` (a password, and what is made from it, see `secretsOf`) are replaced wherever they occur.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = longestFirst(secrets);
  const longest = known[0]?.length ?? 0;
  // A cut first keeps the cost bounded. What it splits of a secret is shorter than the longest one, and goes as well.
  const kept = limits.excerptCharacters * 8 + longest;
  const isCut = text.length > kept;
  let excerpt = hide(text.slice(0, kept), known);
  // Pages are written with as many entities as their authors liked: read as a browser would, they all say the same.
  excerpt = hide(withoutEntities(isCut ? excerpt.replace(cutEntity, '') : excerpt), known);
  if (isCut) excerpt = excerpt.slice(0, excerpt.length - longest);
  for (const [pattern, replacement] of rules) excerpt = excerpt.replace(pattern, replacement);
  // Again: a page may have broken a line where the secret has a space.
  excerpt = hide(collapsed(excerpt), known);
  return excerpt.length <= limits.excerptCharacters ? excerpt : `${excerpt.slice(0, limits.excerptCharacters - 1)}…`;
}

const entity = /&(?:#(\d{1,10})|#[xX]([\dA-Fa-f]{1,10})|(amp|lt|gt|quot|apos));/g;
/** One that the cut has split: what is left of it must not stand between a secret's beginning and the end. */
const cutEntity = /&[#\w]{0,12}$/;
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function withoutEntities(text: string): string {
  return text.replaceAll(entity, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return point <= 0x10_ffff ? String.fromCodePoint(point) : whole;
  });
}

/** The longest first: one that lies inside another must not leave the rest of that one behind. */
function longestFirst(secrets: readonly string[]): string[] {
  const forms = new Set(secrets.flatMap((secret) => [secret, collapsed(secret)]));
  return [...forms].filter((form) => form.length >= secretCharactersMin).sort((a, b) => b.length - a.length);
}

function hide(text: string, secrets: readonly string[]): string {
  let left = text;
  for (const secret of secrets) left = left.replaceAll(secret, () => hidden);
  return left;
}

const collapsed = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const inPercent = (text: string): string => encodeURIComponent(text.toWellFormed());
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** How a text looks after a server or a library has written it into something else. `redact` reads the rest of what entities can say. */
const encodings: readonly ((text: string) => string)[] = [
  (text) => text,
  inPercent,
  (text) => inPercent(text).replaceAll(/%../g, (hex) => hex.toLowerCase()),
  (text) => new URLSearchParams({ x: text }).toString().slice(2),
  inJson,
  // json_encode of PHP, which Nextcloud answers with.
  (text) =>
    inJson(text)
      .replaceAll('/', String.raw`\/`)
      .replaceAll(/[^ -~]/g, (unit) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, '0')),
  (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
];

/** All forms in which a login's password may come back in an error page. */
export function secretsOf(username: string, password: string): string[] {
  const inBase64 = (text: string): string => Buffer.from(text).toString('base64');
  const forms = [password, inBase64(`${username}:${password}`), inBase64(password)];
  return [...new Set(forms.flatMap((form) => encodings.map((encode) => encode(form))))].filter((form) => form !== '');
}
