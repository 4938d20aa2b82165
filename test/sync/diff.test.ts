/** Diff: what tells something is recorded, what a reader would not see is told to nobody. */
import { expect, test } from 'vitest';
import { createNormalise } from '../../domain/normalise.ts';
import { resourceIdOf } from '../../domain/ids.ts';
import type { Observation, ResourceDoc } from '../../domain/resource.ts';
import { diff } from '../../domain/sync/diff.ts';
import { ics } from '../actors/profile/bodies.ts';
import { calendarId, resource } from './samples.ts';

const normalise = createNormalise();
const seen = (body: string, etag: string | null = '"1"'): Observation => ({
  ref: 'x.ics',
  etag,
  scheduleTag: null,
  body,
  format: 'icalendar',
});
const cachedAs = (body: string, change: Partial<ResourceDoc> = {}): ResourceDoc =>
  resource({ body, observedHash: normalise('icalendar', body).observedHash, ...change });

const compare = (cached: ResourceDoc | null, ...observations: readonly Observation[]) =>
  diff({
    calendarId,
    cached: new Map(cached === null ? [] : [[cached.ref, cached]]),
    observations,
    normalise,
    normaliserVersion: 1,
  });

const body = ics('x', 'Same');
const reordered = body
  .replace('DTSTAMP:20261101T000000Z\r\n', '')
  .replace('SUMMARY', 'DTSTAMP:20261102T000000Z\r\nSUMMARY');

test('what cache and calendar agree on is nothing', () => {
  expect(compare(cachedAs(body), seen(body))).toEqual([]);
});

test('a new resource differs, and gets the identity of its place', () => {
  expect(compare(null, seen(body))).toMatchObject([
    { differs: true, resourceId: resourceIdOf(calendarId, 'x.ics'), etag: '"1"' },
  ]);
});

test('a new etag or a reordered body is kept, and tells nobody', () => {
  expect(compare(cachedAs(body), seen(reordered, '"2"'))).toMatchObject([{ differs: false, etag: '"2"' }]);
  expect(compare(cachedAs(body, { etag: null }), seen(reordered, null))).toMatchObject([{ differs: false }]);
});

test('a difference that a reader sees is a change, also behind an equal etag', () => {
  expect(compare(cachedAs(body), seen(ics('x', 'Other')))).toMatchObject([{ differs: true }]);
});

test('of a body that is too large to be read as much is kept as shows that, whatever its server sent', () => {
  const huge = ics('x', '\u{1F4C5}'.repeat(10 * 1024 * 1024));
  const [kept] = compare(null, seen(huge));
  expect(kept).toMatchObject({ differs: true, etag: '"1"' });
  const text = kept?.body ?? '';
  expect(normalise('icalendar', text).problem).toEqual(normalise('icalendar', huge).problem);
  expect(normalise('icalendar', text).problem?.code).toBe('resource_too_large');
  // A document of MongoDB takes 16 MiB, all its fields together.
  expect(Buffer.byteLength(text)).toBeLessThan(13 * 1024 * 1024);
  expect(compare(cachedAs(text), seen(huge))).toEqual([]);
});

test('what was removed and is there again is a change', () => {
  expect(compare(cachedAs(body, { live: 0 }), seen(body))).toMatchObject([{ differs: true }]);
});

test('of several observations of one resource the last counts', () => {
  expect(compare(cachedAs(body), seen(ics('x', 'Other'), '"2"'), seen(body))).toEqual([]);
});

test('a hash of another normaliser is made again before anything is called a change', () => {
  const old = cachedAs(body, { normaliser: 0, observedHash: 'of another time' });
  expect(compare(old, seen(body))).toMatchObject([{ differs: false, normaliser: 1 }]);
  expect(compare(old, seen(ics('x', 'Other')))).toMatchObject([{ differs: true }]);
});

test('half a character is no text: it is replaced before it is kept', () => {
  const [change] = compare(null, seen(ics('x', 'Half \ud800')));
  expect(change?.body.isWellFormed()).toBe(true);
  expect(change?.body).toContain('Half \ufffd');
});
