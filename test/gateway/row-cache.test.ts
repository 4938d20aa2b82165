/** Windows cut from finished rows: the same as read from the projection, whatever was asked for before. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { EventDoc } from '../../domain/projected-event.ts';
import { at, event, openWorld, summaries, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const hourMs = 3_600_000;
const firstMs = Date.parse('2026-11-01T00:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
/** The clock of these events has hours: many share one, so that seams and edges fall on them. */
const hour = (n: number): string => iso(firstMs + n * hourMs);
const hours = 24 * 28;

interface Made {
  readonly start: number;
  readonly lasts: number;
  readonly kind: 'timed' | 'day';
  readonly calendar: 0 | 1;
}

const made = fc.record<Made>({
  start: fc.integer({ min: 0, max: hours }),
  lasts: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 40, max: 400 })),
  kind: fc.constantFrom('timed', 'day'),
  calendar: fc.constantFrom(0, 1),
});

const asked = fc.record({
  from: fc.integer({ min: -48, max: hours }),
  lasts: fc.integer({ min: 0, max: hours }),
  date: fc.boolean(),
  tzid: fc.constantFrom('Etc/UTC', 'America/Los_Angeles', 'Pacific/Auckland'),
  listing: fc.constantFrom('events', 'free_busy'),
  localized: fc.boolean(),
  of: fc.constantFrom('both', 'first'),
  /** Added before the question. */
  more: fc.option(made, { nil: null, freq: 6 }),
});

/** Follows all pages. */
async function readAll(path: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let url: string | undefined = path; url !== undefined;) {
    const answer = await world.ask(url);
    expect(answer.status, answer.text).toBe(200);
    const json = answer.json as { readonly events?: unknown[]; readonly free_busy?: unknown[] };
    rows.push(...(json.events ?? json.free_busy ?? []));
    url = at(answer, 'pages', 'next_page') as string | undefined;
  }
  return rows;
}

async function calendars(name: string) {
  return [await world.addCalendar(world.profile, `${name} 1`), await world.addCalendar(world.profile, `${name} 2`)];
}

describe('a window', () => {
  it('shows the same rows as the projection, in any order of questions, pages and changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(made, { minLength: 300, maxLength: 700, size: 'max' }),
        fc.array(asked, { minLength: 4, maxLength: 12 }),
        fc.uuid(),
        async (all, questions, name) => {
          const both = await calendars(name);
          const docOf = (one: Made, ref: string): EventDoc => {
            const calendar = both[one.calendar];
            if (calendar === undefined) throw new Error('there are two');
            const [from, until] = [hour(one.start), hour(one.start + one.lasts)];
            if (one.kind === 'timed') return event(calendar, { ref, from, until });
            return event(calendar, {
              ref,
              from: from.slice(0, 10),
              until: hour(one.start + one.lasts + 24).slice(0, 10),
            });
          };
          await world.addEvents(...all.map((one, index) => docOf(one, `${name} ${index}`)));
          for (const [index, one] of questions.entries()) {
            if (one.more !== null) await world.addEvents(docOf(one.more, `${name} more ${index}`));
            const cut = one.date ? 10 : undefined;
            const of = both.slice(0, one.of === 'both' ? 2 : 1).map((each) => `calendar_ids[]=${each._id}`);
            const path =
              `/v1/${one.listing}?${of.join('&')}&tzid=${one.tzid}&from=${hour(one.from).slice(0, cut)}` +
              `&to=${hour(one.from + one.lasts).slice(0, cut)}&localized_times=${one.localized}`;
            // No row of a read that shows managed events comes from the cache.
            expect(await readAll(path), path).toEqual(await readAll(`${path}&include_managed=true`));
          }
        },
      ),
      { numRuns: 15, seed: 20_261_121 },
    );
  });

  it('inside one that was read asks the store for no rows, and one beside it for those that are missing', async () => {
    const [calendar] = await calendars('counted');
    if (calendar === undefined) throw new Error('there are two');
    const all = Array.from({ length: 200 }, (_, n) =>
      event(calendar, { ref: `c ${n}`, from: hour(n), until: hour(n + 1) }),
    );
    await world.addEvents(...all);
    const find = vi.spyOn(world.documents, 'find');
    const rows = async (from: number, to: number) => {
      find.mockClear();
      const path = `/v1/events?calendar_ids[]=${calendar._id}&tzid=Etc/UTC&from=${hour(from)}&to=${hour(to)}`;
      const shown = summaries(await world.ask(path));
      return [
        shown.length,
        find.mock.calls.filter(([query]) => query === 'eventsByStart' || query === 'longEvents').length,
      ];
    };
    // Events are found by their start, and the window selects what ends as it begins.
    expect(await rows(48, 96)).toEqual([49, 2]);
    expect(await rows(50, 90)).toEqual([41, 0]);
    expect(await rows(49, 95)).toEqual([47, 0]);
    expect(await rows(90, 120)).toEqual([31, 1]);
    expect(await rows(60, 120)).toEqual([61, 0]);
    await world.addEvents(event(calendar, { ref: 'new', from: hour(70), until: hour(71) }));
    expect(await rows(60, 120)).toEqual([62, 2]);
    find.mockRestore();
  });
});
