/** Folding and unfolding of content lines (RFC 5545 section 3.1). */

const maxOctets = 75;

/** One logical line from the physical ones that it was folded into. */
export function unfold(raw: string): string {
  if (!raw.includes('\n')) return raw;
  const [first = '', ...rest] = physicalLines(raw);
  return first + rest.map((line) => line.slice(1)).join('');
}

/** The same folds with the line breaks of RFC 5545. */
export const refold = (raw: string): string => (raw.includes('\n') ? physicalLines(raw).join('\r\n') : raw);

/** Blank lines between the parts of a folded line occur where line breaks were converted twice. */
const physicalLines = (raw: string): string[] =>
  raw
    .split('\n')
    .map((line) => withoutBreak(line))
    .filter((line) => line !== '');

/** A line without its trailing carriage returns; a loop, since a pattern would go back for each of many. */
export function withoutBreak(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === '\r') end -= 1;
  return line.slice(0, end);
}

/** Lines of at most 75 octets of UTF-8 without their break; a character is never split. */
export function fold(text: string): string {
  if (text.length * 3 <= maxOctets) return text;
  let folded = '';
  let from = 0;
  let octets = 0;
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0;
    const size = octetsOf(code);
    if (octets + size > maxOctets) {
      folded += `${text.slice(from, at)}\r\n `;
      from = at;
      // The space that marks the continuation counts too.
      octets = 1;
    }
    octets += size;
    at += code > 0xffff ? 2 : 1;
  }
  return folded + text.slice(from);
}

function octetsOf(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
