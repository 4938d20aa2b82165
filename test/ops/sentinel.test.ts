/** What operators see of the sentinel, and what their word does. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSentinel, type Sentinel } from '../../actors/sentinel/sentinel.ts';
import { sentinel as numbers } from '../../config/policies.ts';
import { asProfileId } from '../../domain/ids.ts';
import { noTally } from '../../domain/sync/sentinel/tally.ts';
import type { Provider } from '../../providers/provider.ts';
import { listSentinel, sayOfBreaker, type BreakerWord } from '../../services/ops/sentinel.ts';
import { openWorld, type World } from '../gateway/world.ts';

let world: World;
let sentinel: Sentinel;
const reports: string[] = [];
const provider = () =>
  ({ software: (root: Readonly<Record<string, string>>) => root['software'] ?? 'unknown' }) as Provider;
let moved = 0;
const breakerMoved = () => void (moved += 1);
const context = () => ({ documents: world.documents, clock: world.clock, provider, breakerMoved });
const word = (one: Omit<BreakerWord, 'provider'>) => sayOfBreaker(context(), { provider: 'caldav', ...one });

beforeAll(async () => {
  world = await openWorld();
  await world.addProfile(world.account, {
    _id: asProfileId('pro_r'),
    login: 'r',
    provider: 'caldav',
    root: { software: 'radicale' },
  });
  const { documents, clock } = world;
  sentinel = createSentinel({ documents, clock, numbers, report: (what) => void reports.push(what) });
});
afterAll(() => world.stop());

test('nothing was seen: nothing is shown', async () => {
  expect(await listSentinel(context())).toEqual([]);
});

test('an alert is stored and shown with its reason, and removals are held by it', async () => {
  for (let k = 0; k < 10; k += 1)
    sentinel.note('caldav', 'icloud', asProfileId(`pro_${k}`), { ...noTally(), pages: 1, asked: 20, unanswered: 5 });
  await sentinel.flush();
  const [row] = await listSentinel(context());
  expect(row).toMatchObject({
    provider: 'caldav',
    software: 'icloud',
    removals: 'held',
    why: 'the sentinel: unanswered: 50 of 200, normally 0.5 %',
    alerts: [`unanswered: 50 of 200, normally 0.5 %; since ${new Date(world.clock.now()).toISOString()}`],
    past: [],
  });
  expect(row?.shares['unanswered']).toEqual({ now: 25, normal: 0.5 });
  expect(row?.shares['removals']?.now).toBeNull();
  expect(reports).toHaveLength(2);
});

test('a release stands for a day while it lasts, and says who said so', async () => {
  const [row] = await word({ word: 'release', software: 'icloud', note: 'they answer all the same' });
  expect(row).toMatchObject({ removals: 'released' });
  expect(row?.why).toContain('they answer all the same');
  await sentinel.flush();
  expect(sentinel.holds('caldav', 'icloud')).toBe(false);
});

test('an operator holds a kind of server that was never counted, and lets it go at once', async () => {
  expect(await word({ word: 'hold', software: 'radicale', note: 'maintenance tonight' })).toMatchObject([
    { software: 'radicale', removals: 'held', why: 'an operator: maintenance tonight' },
  ]);
  await sentinel.flush();
  expect(sentinel.holds('caldav', 'radicale')).toBe(true);
  expect(moved).toBeGreaterThan(0);
  expect(await word({ word: 'release', software: 'radicale' })).toMatchObject([{ removals: 'usual', why: null }]);
  await sentinel.flush();
  expect(sentinel.holds('caldav', 'radicale')).toBe(false);
});

test('without a software every one of the provider is meant; one that nobody has is an error', async () => {
  const held = await word({ word: 'hold' });
  expect(held.map((one) => one.software).sort()).toEqual(['icloud', 'radicale', 'unknown']);
  await expect(word({ word: 'hold', software: 'zimbra' })).rejects.toMatchObject({ code: 'not_known' });
});
