/** The bench's own tools: medians, targets, and the comparison of answers without which nothing is measured. */
import { expect, test } from 'vitest';

import { demandEqual, readingOf, seenHash, type SeenOccurrence } from '../../bench/kit/answers.ts';
import { benchEvents, changedEvent, spacedEvents } from '../../bench/kit/bodies.ts';
import { exitCodeOf, figureOf, intervalOf, median, table } from '../../bench/kit/figures.ts';
import { startFlags } from '../../bench/kit/start-flags.ts';
import { createNormalise } from '../../domain/normalise.ts';

test('the median of an even count lies between the two in the middle', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a figure says whether its target was met, and nothing where nothing was measured', () => {
  const labels = { bench: 'b', figure: 'f', subject: 's', unit: 'ms' } as const;
  expect(figureOf({ ...labels, atMost: 2 }, [1, 2, 9])).toMatchObject({
    median: 2,
    spread: [1, 9],
    runs: 3,
    target: 'met',
  });
  expect(figureOf({ ...labels, atMost: 1.9 }, [1, 2, 9])).toMatchObject({ target: 'not met' });
  expect(figureOf(labels, [1])).not.toHaveProperty('target');
  expect(figureOf(labels, [])).toBeNull();
});

test('a target that was missed is a failure for those alone who demand that it is met', () => {
  const labels = { bench: 'b', figure: 'f', subject: 's', unit: 'ratio', atMost: 1 } as const;
  const figures = [0.5, 2].flatMap((value) => figureOf(labels, [value]) ?? []);
  expect([exitCodeOf(figures, false), exitCodeOf(figures, true), exitCodeOf(figures.slice(0, 1), true)]).toEqual([
    0, 1, 0,
  ]);
});

test('many ratios say together where their mean is, whichever of the two is divided by the other', () => {
  const ratios = Array.from({ length: 32 }, (_, k) => (k % 2 === 0 ? 1.1 : 1.1 * 1.21));
  const [low, high] = intervalOf(ratios);
  // Logarithms half a step of 1.21 to either side, over the root of 31.
  expect(low).toBeCloseTo(1.21 * Math.exp(-2 * (Math.log(1.1) / Math.sqrt(31))), 10);
  expect(high).toBeCloseTo(1.21 * Math.exp(2 * (Math.log(1.1) / Math.sqrt(31))), 10);
  expect(intervalOf(ratios.map((one) => 1 / one)).map((one) => 1 / one)[1]).toBeCloseTo(low, 10);
  const labels = { bench: 'b', figure: 'f', subject: 's', unit: 'ratio' } as const;
  const figure = figureOf(labels, ratios);
  expect(figure?.interval).toEqual([Number(low.toPrecision(3)), Number(high.toPrecision(3))]);
  expect(table(figure === null ? [] : [figure])).toContain(`${figure?.interval?.join(' … ')}`);
  expect(figureOf(labels, ratios.slice(3))).not.toHaveProperty('interval');
  expect(figureOf({ ...labels, unit: 'ms' }, ratios)).not.toHaveProperty('interval');
});

const half = (value: number, others: number): number[] =>
  Array.from({ length: 32 }, (_, k) => (k % 2 === 0 ? value : others));

test.each([
  ['both below', half(0.9, 0.91), 'met', 0],
  ['both above', half(1.2, 1.21), 'not met', 1],
  ['around it, the median below', [...half(0.7, 1.4), 0.7], 'median meets, interval crosses', 0],
  ['around it, the median above', [...half(0.7, 1.4), 1.4], 'median misses, interval crosses', 1],
  ['above it, the median below', [...half(0.99, 9), 0.99], 'median meets, interval misses', 0],
  ['below it, the median above', [...half(0.1, 1.01), 1.01], 'median misses, interval meets', 1],
])(
  'where the interval and the median are not on one side of the bound, it is said: %s',
  (_where, ratios, target, strict) => {
    const figure = figureOf({ bench: 'b', figure: 'f', subject: 's', unit: 'ratio', atMost: 1 }, ratios);
    expect(figure).toMatchObject({ target });
    const figures = figure === null ? [] : [figure];
    expect(table(figures)).toContain(`≤ 1: ${target === 'not met' ? 'NOT MET' : target}`);
    expect(exitCodeOf(figures, true)).toBe(strict);
  },
);

test('the table shows a target that was missed', () => {
  const missed = figureOf({ bench: 'b', figure: 'f', subject: 's', unit: 'ratio', atMost: 1 }, [2]);
  expect(table(missed === null ? [] : [missed])).toContain('NOT MET');
});

const seen: SeenOccurrence = {
  uid: 'u',
  startMs: 1,
  endMs: 2,
  summary: 's',
  location: 'l',
  description: 'd',
  organizer: 'o',
  attendees: ['a', 'b'],
};

test('an occurrence that a reader would see differently has another hash, whatever the field', () => {
  const others: Partial<SeenOccurrence>[] = [
    { uid: 'x' },
    { startMs: 0 },
    { endMs: 3 },
    { summary: 'x' },
    { location: 'x' },
    { description: 'x' },
    { organizer: 'x' },
    { attendees: ['a'] },
  ];
  const hashes = others.map((other) => seenHash({ ...seen, ...other }));
  expect(new Set([seenHash(seen), ...hashes]).size).toBe(others.length + 1);
});

test('the order of occurrences and attendees means nothing', () => {
  expect(seenHash({ ...seen, attendees: ['b', 'a'] })).toBe(seenHash(seen));
  expect(readingOf(2, ['x', 'y'])).toEqual(readingOf(2, ['y', 'x']));
  expect(readingOf(2, ['x', 'y'])).not.toEqual(readingOf(2, ['x', 'x']));
});

test('a measurement whose answer is another one is refused', () => {
  expect(() => demandEqual('the sum', 2, 2)).not.toThrow();
  expect(() => demandEqual('the sum', 2, 3)).toThrow(/the sum.*nothing was measured/);
});

test('the events of the bench can be read, are about 800 bytes long, and one in twenty repeats', () => {
  const normalise = createNormalise();
  const events = benchEvents(200, Date.UTC(2026, 10, 21)).map((one) => one.body);
  const read = events.map((body) => normalise('icalendar', body));
  expect(read.every((one) => one.problem === null && one.master?.attendees.length === 2)).toBe(true);
  expect(read.filter((one) => one.recurrence !== null)).toHaveLength(10);
  const bytes = events.reduce((sum, body) => sum + Buffer.byteLength(body), 0) / events.length;
  expect(Math.abs(bytes - 800)).toBeLessThan(40);
});

test('a changed event is seen as another one, and spaced events come ten a day', () => {
  const normalise = createNormalise();
  const [first, ...others] = spacedEvents(11, Date.UTC(2027, 0, 4));
  const hashOf = (body = ''): string => normalise('icalendar', body).observedHash;
  expect(hashOf(changedEvent(first?.body ?? '', 'later'))).not.toBe(hashOf(first?.body));
  const daysOf = [first, ...others].map((one) => /DTSTART;TZID[^:]*:(\d{8})/.exec(one?.body ?? '')?.[1]);
  expect(daysOf.filter((day) => day === '20270104')).toHaveLength(10);
  expect(daysOf.at(-1)).toBe('20270105');
});

test('memory is measured with the options that npm start gives to Node', () => {
  expect(startFlags().every((flag) => flag.startsWith('--'))).toBe(true);
});
