/** Random rules against two other engines: each is right where the others are not, so each has its stated exemptions. */
import fc from 'fast-check';
import { RRuleSet } from 'rrule-rust';
import { RRuleTemporal } from 'rrule-temporal';
import { describe, expect, it } from 'vitest';
import { ruleStarts } from '../../domain/recurrence/generate.ts';
import { parseRule } from '../../domain/recurrence/rule.ts';

const dayMs = 86_400_000;
const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

const listOf = (value: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.uniqueArray(value, { minLength: 1, maxLength }).map((values) => values.join(','));
const between = (low: number, high: number): fc.Arbitrary<string> => fc.integer({ min: low, max: high }).map(String);
const fromEitherEnd = (high: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 1, max: high }), fc.boolean())
    .map(([value, negative]) => String(negative ? -value : value));
const sometimes = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(value, { freq: 2 }).map((text) => (text === null ? '' : `;${name}=${text}`));

const plainDays = listOf(fc.constantFrom(...weekdays), 3);
const numberedDays = listOf(
  fc.tuple(fromEitherEnd(5), fc.constantFrom(...weekdays)).map((pair) => pair.join('')),
  3,
);

/** Day parts by frequency, as the table of RFC 5545, section 3.3.10 allows them. */
const dayParts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  YEARLY: fc.oneof(
    sometimes('BYDAY', fc.oneof(plainDays, numberedDays)),
    sometimes('BYMONTHDAY', listOf(fromEitherEnd(31), 4)),
    sometimes('BYYEARDAY', listOf(fromEitherEnd(366), 4)),
    fc.tuple(listOf(fromEitherEnd(53), 3), plainDays).map(([weeks, days]) => `;BYWEEKNO=${weeks};BYDAY=${days}`),
  ),
  MONTHLY: fc
    .tuple(sometimes('BYDAY', fc.oneof(plainDays, numberedDays)), sometimes('BYMONTHDAY', listOf(fromEitherEnd(31), 4)))
    .map((parts) => parts.join('')),
  WEEKLY: sometimes('BYDAY', plainDays),
  DAILY: fc
    .tuple(sometimes('BYDAY', plainDays), sometimes('BYMONTHDAY', listOf(fromEitherEnd(31), 4)))
    .map((parts) => parts.join('')),
  HOURLY: sometimes('BYDAY', plainDays),
  MINUTELY: sometimes('BYDAY', plainDays),
};

const ruleText = (frequencies: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...frequencies).chain((frequency) =>
    fc
      .tuple(
        fc.integer({ min: 1, max: 5 }).map((interval) => `;INTERVAL=${interval}`),
        sometimes('WKST', fc.constantFrom(...weekdays)),
        sometimes('BYMONTH', listOf(between(1, 12), 3)),
        dayParts[frequency] ?? fc.constant(''),
        sometimes('BYHOUR', listOf(between(0, 23), 3)),
        sometimes('BYMINUTE', listOf(between(0, 59), 3)),
        sometimes('BYSETPOS', listOf(fromEitherEnd(4), 2)),
      )
      .map((parts) => `FREQ=${frequency}${parts.join('')}`),
  );

const start = fc
  .tuple(fc.integer({ min: 2012, max: 2026 }), fc.integer({ min: 0, max: 364 }), fc.integer({ min: 0, max: 1_439 }))
  .map(([year, day, minute]) => Date.UTC(year, 0, 1) + day * dayMs + minute * 60_000);

const basic = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

function ours(text: string, startMs: number, fromMs: number, toMs: number): readonly string[] {
  const { rule } = parseRule(text);
  const found = rule === null ? null : ruleStarts(rule, startMs, { fromMs, toMs }, { left: 5_000_000 });
  if (found === null) throw new Error(`refused: ${text}`);
  // The others drop a DTSTART that the rule does not match.
  return found.filter((at) => at !== startMs).map(basic);
}

function rust(text: string, startMs: number, fromMs: number, toMs: number): readonly string[] {
  const set = RRuleSet.parse(`DTSTART:${basic(startMs)}\nRRULE:${text};UNTIL=${basic(toMs - 1_000)}`);
  const starts = set.all().map((at) => at.toString());
  return starts.filter((at) => at !== basic(startMs) && at >= basic(fromMs));
}

function temporal(text: string, startMs: number, fromMs: number, toMs: number): readonly string[] {
  const dtstart = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO('UTC');
  const rule = new RRuleTemporal({ rruleString: text, dtstart, maxIterations: 1_000_000 });
  const starts = rule.between(new Date(fromMs), new Date(toMs - 1), true);
  return starts.map((at) => basic(Date.parse(at.toString().slice(0, 25)))).filter((at) => at !== basic(startMs));
}

const dates = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY'];

describe('our engine finds the same starts', () => {
  it('as rrule-rust for days, weeks, months and years', () => {
    // Exempt: BYSETPOS in the first week, which rrule-rust takes for a partial one; -5MO in a month, which it refuses;
    // the 52nd or 53rd week from the end, of which it loses the days before New Year.
    const exempt = (rule: string): boolean =>
      (rule.startsWith('FREQ=WEEKLY') && rule.includes('BYSETPOS')) ||
      /^FREQ=(?:MONTHLY|YEARLY).*-5[A-Z]/.test(rule) ||
      /BYWEEKNO=[^;]*-5[23]/.test(rule);
    const text = ruleText(dates).filter((rule) => !exempt(rule));
    fc.assert(
      fc.property(text, start, fc.boolean(), (rule, startMs, whole) => {
        const toMs = Date.UTC(2030, 0, 1);
        const fromMs = whole ? startMs : Math.max(startMs, Date.UTC(2026, 6, 1));
        expect(ours(rule, startMs, fromMs, toMs)).toEqual(rust(rule, startMs, fromMs, toMs));
      }),
      { seed: 20_261_121, numRuns: 600 },
    );
  });

  it('as rrule-temporal for days, weeks, months and years', () => {
    // Exempt: BYSETPOS over BYWEEKNO, whose set it takes from the week-numbered year instead of the calendar year.
    const text = ruleText(dates).filter((rule) => !(rule.includes('BYWEEKNO') && rule.includes('BYSETPOS')));
    fc.assert(
      fc.property(text, start, (rule, startMs) => {
        const toMs = Date.UTC(2028, 0, 1);
        const fromMs = Math.max(startMs, Date.UTC(2026, 6, 1));
        expect(ours(rule, startMs, fromMs, toMs)).toEqual(temporal(rule, startMs, fromMs, toMs));
      }),
      { seed: 20_261_122, numRuns: 400 },
    );
  });

  it('as rrule-temporal for hours and minutes', () => {
    fc.assert(
      fc.property(ruleText(['HOURLY', 'MINUTELY']), start, (rule, startMs) => {
        const toMs = startMs + (rule.startsWith('FREQ=HOURLY') ? 40 : 2) * dayMs;
        expect(ours(rule, startMs, startMs, toMs)).toEqual(temporal(rule, startMs, startMs, toMs));
      }),
      { seed: 20_261_123, numRuns: 300 },
    );
  });

  it('with COUNT as without it, cut off, wherever the window begins', () => {
    fc.assert(
      fc.property(ruleText([...dates, 'HOURLY']), start, fc.integer({ min: 1, max: 300 }), (rule, startMs, count) => {
        const toMs = startMs + 300 * dayMs;
        const all = [basic(startMs), ...ours(rule, startMs, startMs, toMs)];
        const fromMs = startMs + 100 * dayMs;
        const expected = all.slice(0, count).filter((at) => at >= basic(fromMs));
        expect(ours(`${rule};COUNT=${count}`, startMs, fromMs, toMs)).toEqual(expected);
      }),
      { seed: 20_261_124, numRuns: 500 },
    );
  });
});
