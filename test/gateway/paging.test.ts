/** Pages: their seams while the data changes, their addresses, and who may follow them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAccount } from '../../services/auth/registry.ts';
import { pageSizes } from '../../services/api/read-events.ts';
import { at, event, events, openWorld, rowsAt, summaries, type Answer, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const size = pageSizes.events;
const firstMs = Date.parse('2026-11-22T00:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** Every `every` events share a start, so that seams fall into the middle of ties. */
async function fill(name: string, count: number, every: number) {
  const calendar = await world.addCalendar(world.profile, name);
  const all = Array.from({ length: count }, (_, index) => {
    const fromMs = firstMs + Math.floor(index / every) * 60_000;
    return event(calendar, { ref: `${name} ${index}`, from: iso(fromMs), until: iso(fromMs + 1_800_000) });
  });
  await world.addEvents(...all);
  return {
    calendar,
    all,
    query: `/v1/events?calendar_ids[]=${calendar._id}&tzid=Etc/UTC&from=2026-11-22&to=2027-01-01`,
  };
}

const nextOf = (answer: Answer): string | undefined => at(answer, 'pages', 'next_page') as string | undefined;

async function readAll(
  first: string,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    const answer = await world.ask(url);
    answers.push(answer);
    await between(answers.length);
    url = nextOf(answer);
  }
  return answers;
}

describe('pages', () => {
  it('are numbered, with an absolute address of the next one on the same base, absent at the end', async () => {
    const { query } = await fill('numbers', size + 1, 1);
    const [first, last, ...more] = await readAll(query);
    expect(more).toEqual([]);
    expect(at(first as Answer, 'pages')).toEqual({ current: 1, total: 2, next_page: expect.any(String) });
    expect(nextOf(first as Answer)).toMatch(new RegExp(`^${world.baseUrl}/v1/events/pages/[\\w.-]+$`));
    expect(at(last as Answer, 'pages')).toEqual({ current: 2, total: 2 });
  });

  it('are always counted, also when nothing is there', async () => {
    const { query } = await fill('nothing', 0, 1);
    expect((await world.ask(query)).json).toEqual({ pages: { current: 1, total: 1 }, events: [] });
  });

  it('end exactly at the last row of a full page', async () => {
    const { query } = await fill('exact', size, 1);
    expect(at(await world.ask(query), 'pages')).toEqual({ current: 1, total: 1 });
  });

  it('miss and repeat nothing that stays as it is, whatever is added, moved and removed meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.tuple(fc.constantFrom('add', 'move', 'remove'), fc.integer({ min: 0, max: 699 })), {
          maxLength: 12,
        }),
        fc.uuid(),
        async (every, edits, name) => {
          const { calendar, all, query } = await fill(name, 700, every);
          const touched = new Set<string>();
          const edit = async (): Promise<void> => {
            for (const [kind, index] of edits) {
              const one = all[index];
              if (one === undefined) continue;
              const startsMs = kind === 'add' ? one.startMs : firstMs + ((index * 7_919) % 700) * 60_000;
              const ref = kind === 'add' ? `new ${touched.size} ${index}` : one.summary;
              touched.add(ref);
              const changed = event(calendar, { ref, from: iso(startsMs), until: iso(startsMs + 60_000) });
              await world.addEvents({ ...changed, deleted: kind === 'remove' ? 1 : 0 });
            }
          };
          const answers = await readAll(query, edit);
          const seen = answers.flatMap(summaries).filter((one) => !touched.has(one));
          const expected = all.map((one) => one.summary).filter((one) => !touched.has(one));
          expect(seen.toSorted()).toEqual(expected.toSorted());
          await world.documents.remove(
            'events',
            all.map((one) => one._id),
          );
        },
      ),
      { numRuns: 12, seed: 20_261_121 },
    );
  });

  it('come in the order of their starts', async () => {
    const { query } = await fill('order', size * 2 + 50, 7);
    const starts = (await readAll(query)).flatMap((answer) => events(answer).map((one) => String(one['start'])));
    expect(starts).toEqual(starts.toSorted());
    expect(starts).toHaveLength(size * 2 + 50);
  });

  it('miss and repeat none of many long events that began before the window', async () => {
    const { calendar, query } = await fill('long', 5, 1);
    const began = Date.parse('2026-11-01T00:00:00Z');
    const long = Array.from({ length: size + 50 }, (_, index) =>
      event(calendar, { ref: `weeks ${index}`, from: iso(began + index * 60_000), until: '2026-12-01T00:00:00Z' }),
    );
    await world.addEvents(...long);
    const seen = (await readAll(query)).flatMap(summaries);
    expect(seen).toHaveLength(long.length + 5);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('of free/busy have their own addresses', async () => {
    const { query } = await fill('free busy', pageSizes.free_busy + 3, 5);
    const first = await world.ask(query.replace('/v1/events', '/v1/free_busy'));
    expect(nextOf(first)).toContain('/v1/free_busy/pages/');
    const last = await world.ask(nextOf(first) ?? '');
    expect(rowsAt(first, 'free_busy').length + rowsAt(last, 'free_busy').length).toBe(pageSizes.free_busy + 3);
    const wrong = (nextOf(first) ?? '').replace('/free_busy/', '/events/');
    expect((await world.ask(wrong)).status).toBe(404);
  });

  it('cannot be forged, altered, or followed by anybody else', async () => {
    const { query } = await fill('forged', size + 1, 1);
    const next = nextOf(await world.ask(query)) ?? '';
    const stranger = await world.tokenFor(await world.addAccount('stranger'));
    expect((await world.ask(next, { token: stranger })).status).toBe(404);
    const person = { appId: world.account.appId, email: null, name: null, timeZone: 'Etc/UTC' };
    const sibling = await world.tokenFor(await createAccount(world.registry, person));
    expect((await world.ask(next, { token: sibling })).status).toBe(404);
    const [body = '', mac = ''] = (next.split('/').at(-1) ?? '').split('.');
    const cursor = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, unknown>;
    const altered = Buffer.from(JSON.stringify({ ...cursor, page: 1 })).toString('base64url');
    for (const page of [`${altered}.${mac}`, `${body}.`, body, `${body}.${'A'.repeat(22)}`, 'x', '%E0%A4%A']) {
      const answer = await world.ask(next.replace(/[^/]+$/, page));
      expect([page, answer.status]).toEqual([page, 404]);
    }
  });

  it('keep the window of the first one, whatever day it is by then', async () => {
    const { calendar } = await fill('frozen', 0, 1);
    const days = Array.from({ length: size + 20 }, (_, index) =>
      iso(Date.parse('2026-10-10T12:00:00Z') + index * 60_000),
    );
    await world.addEvents(...days.map((from, index) => event(calendar, { ref: `f ${index}`, from, until: from })));
    const first = await world.ask(`/v1/events?calendar_ids[]=${calendar._id}&tzid=Etc/UTC`);
    await world.clock.advance(86_400_000 * 3);
    const last = await world.ask(nextOf(first) ?? '');
    expect(summaries(last)).toHaveLength(20);
  });
});
