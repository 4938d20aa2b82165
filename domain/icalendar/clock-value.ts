/** The value types DATE, DATE-TIME, DURATION and UTC-OFFSET (RFC 5545 section 3.3) as numbers and back. */

/** What the digits of a DATE or DATE-TIME say, before any zone. */
export interface WrittenTime {
  readonly form: 'date' | 'local' | 'utc';
  /** Epoch milliseconds that the same digits would have in UTC. */
  readonly wallMs: number;
}

export interface WrittenDuration {
  /** Nominal: they follow the wall clock. */
  readonly days: number;
  readonly exactMs: number;
}

export const dayMs = 86_400_000;
/** 9999-12-31T23:59:59: what comes later has no place in four digits. */
export const lastWallMs = 253_402_300_799_000;
const firstWallMs = -62_135_596_800_000;

/** The nearest time that four digits of a year can say. */
export const clampWall = (wallMs: number): number => Math.min(lastWallMs, Math.max(firstWallMs, wallMs));

// The extended form with dashes and colons, a missing `Z` in lower case and missing seconds all occur.
const timePattern = /^(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?([Zz])?)?$/;
const durationPattern = /^([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i;
const offsetPattern = /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?$/;

export function readTime(text: string): WrittenTime | null {
  const found = timePattern.exec(text.trim());
  if (found === null) return null;
  const [, year, month, day, hour, minute, second = '00', zulu] = found;
  const midnight = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  // Date.parse takes February 31 for March 3.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day) || midnight < firstWallMs) return null;
  if (hour === undefined) return { form: 'date', wallMs: midnight };
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Math.min(59, Number(second))];
  if (hours > 24 || minutes > 59 || Number(second) > 60) return null;
  const wallMs = Math.min(lastWallMs, midnight + ((hours * 60 + minutes) * 60 + seconds) * 1000);
  return { form: zulu === undefined ? 'local' : 'utc', wallMs };
}

/** Null for what is no duration; a negative one counts as none, an endless one ends with year 9999. */
export function readDuration(text: string): WrittenDuration | null {
  const signed = readSignedDuration(text);
  if (signed === null) return null;
  const days = Math.min(lastWallMs / dayMs, Math.max(0, signed.days));
  return { days: Math.floor(days), exactMs: Math.min(lastWallMs, Math.max(0, signed.exactMs)) };
}

/** The same with its sign, for triggers. */
export function readSignedDuration(text: string): WrittenDuration | null {
  const found = durationPattern.exec(text.trim());
  if (found === null) return null;
  const [, sign, weeks, days, hours, minutes, seconds] = found;
  const times = sign === '-' ? -1 : 1;
  const exactMs = ((count(hours) * 60 + count(minutes)) * 60 + count(seconds)) * 1000;
  return { days: times * (count(weeks) * 7 + count(days)), exactMs: times * exactMs };
}

export function readOffset(text: string): number | null {
  const found = offsetPattern.exec(text.trim());
  if (found === null) return null;
  const [, sign, hours, minutes, seconds] = found;
  return (sign === '-' ? -1 : 1) * ((count(hours) * 60 + count(minutes)) * 60 + count(seconds)) * 1000;
}

/** `YYYYMMDD` */
export const dateText = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10).replaceAll('-', '');

/** `YYYYMMDDTHHMMSS` */
export const localText = (wallMs: number): string =>
  new Date(wallMs).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '');

/** `YYYYMMDDTHHMMSSZ` */
export const utcText = (ms: number): string => `${localText(ms)}Z`;

/** `+HHMM`, or `+HHMMSS` where an old zone needs it. */
export function offsetText(offsetMs: number): string {
  const total = Math.round(Math.abs(offsetMs) / 1000);
  const digits = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60].map((n) =>
    String(n).padStart(2, '0'),
  );
  if (digits[2] === '00') digits.pop();
  return (offsetMs < 0 ? '-' : '+') + digits.join('');
}

const count = (digits: string | undefined): number => (digits === undefined ? 0 : Number(digits));
