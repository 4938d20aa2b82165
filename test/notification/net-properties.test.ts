/** Net against the plainest reading of the promise: each change that a subscriber may see is inside what it is told. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelFilters } from '../../domain/channel.ts';
import { commitKey, type Cause } from '../../domain/commit.ts';
import type { CalendarId, ResourceId } from '../../domain/ids.ts';
import { netOf, queued, type Net, type Stretch } from '../../domain/notification/net.ts';
import type { ChangeHeader, CommitHeader, Marks } from '../../domain/notification/relevance.ts';
import { calendarId, commit, otherCalendarId, removed, resourceId, work } from './samples.ts';

const calendars: readonly CalendarId[] = [calendarId, otherCalendarId];
const resources: readonly ResourceId[] = [resourceId('a'), resourceId('b'), resourceId('c')];
const evidence = { kind: 'tombstone', request: 'REPORT', status: 404, atMs: 1 } as const;

const inCalendar = fc.constantFrom(...calendars);
const ofResource = fc.constantFrom(...resources);

const change: fc.Arbitrary<ChangeHeader> = fc.oneof(
  fc.record({
    kind: fc.constant('resource_put' as const),
    calendarId: inCalendar,
    resourceId: ofResource,
    differs: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('resource_removed' as const),
    calendarId: inCalendar,
    resourceId: ofResource,
    evidence: fc.constant(evidence),
  }),
  fc.record({ kind: fc.constant('calendar_put' as const), calendarId: inCalendar }),
  fc.record({ kind: fc.constant('calendar_gone' as const), calendarId: inCalendar, evidence: fc.constant(evidence) }),
  fc.record({ kind: fc.constant('managed' as const), resourceId: fc.option(ofResource) }),
  fc.constant({ kind: 'horizon' as const }),
  fc.record({
    kind: fc.constant('notice' as const),
    notice: fc.constantFrom('quarantined' as const, 'reinstated' as const),
  }),
);

const cause = fc.constantFrom<Cause>('pull', 'write', 'horizon', 'state', 'repair', 'operator');
const commits: fc.Arbitrary<readonly CommitHeader[]> = fc
  .array(fc.record({ atMs: fc.nat(1_000_000), changes: fc.array(change, { maxLength: 4 }), cause }), { maxLength: 12 })
  .map((all) => all.map((one, index) => commit(index + 1, one.atMs, one.changes, { cause: one.cause })));

const filters: fc.Arbitrary<ChannelFilters> = fc.record({
  calendarIds: fc.option(fc.subarray([...calendars], { minLength: 1 })),
  onlyManaged: fc.boolean(),
});

const marks: fc.Arbitrary<Marks> = fc.record({
  managed: fc.subarray([...resources]).map((some) => new Set(some)),
  visible: fc
    .uniqueArray(fc.integer({ min: 1, max: 12 }))
    .map((seqs) => new Set(seqs.map((seq) => commitKey(work, seq)))),
});

const kind = fc.constantFrom('channel' as const, 'stream' as const);

const stretch = (all: readonly CommitHeader[], more = false): Stretch => ({
  commits: all,
  through: { [work]: all.at(-1)?.seq ?? 0 },
  more,
});

/** The moments of all commits that hold something which this subscriber could see, said without any of our code. */
function momentsToTell(
  all: readonly CommitHeader[],
  by: ChannelFilters,
  known: Marks,
  of: 'channel' | 'stream',
): number[] {
  const moments: number[] = [];
  for (const one of all) {
    const shown = known.visible.has(`${one.profileId}|${String(one.seq).padStart(12, '0')}`);
    let tells = false;
    for (const each of one.changes) {
      if (each.kind === 'notice') {
        if (of === 'stream') tells = true;
        continue;
      }
      // What the application wrote itself it knows.
      if (one.cause === 'write') continue;
      if (each.kind === 'horizon') tells ||= shown;
      if (each.kind === 'horizon' || each.kind === 'managed') continue;
      if (by.calendarIds !== null && !by.calendarIds.some((id) => id === each.calendarId)) continue;
      if (each.kind === 'calendar_put') tells ||= !by.onlyManaged;
      if (each.kind === 'calendar_gone') tells ||= !by.onlyManaged || shown;
      if (each.kind !== 'resource_put' && each.kind !== 'resource_removed') continue;
      if (each.kind === 'resource_put' && !each.differs) continue;
      tells ||= !by.onlyManaged || [...known.managed].some((id) => id === each.resourceId);
    }
    if (tells) moments.push(one.atMs);
  }
  return moments;
}

const joined = (a: Net['span'], b: Net['span']): Net['span'] => {
  if (a === null || b === null) return a ?? b;
  return { earliestAtMs: Math.min(a.earliestAtMs, b.earliestAtMs), latestAtMs: Math.max(a.latestAtMs, b.latestAtMs) };
};

describe('what a stretch of the log comes to', () => {
  it('reaches from the first to the last moment that the subscriber could see anything of, and is null for nothing', () => {
    let told = 0;
    fc.assert(
      fc.property(commits, filters, marks, kind, fc.boolean(), (all, by, known, of, more) => {
        const net = netOf(stretch(all, more), { kind: of, filters: by }, known);
        const moments = momentsToTell(all, by, known, of);
        told += moments.length > 0 ? 1 : 0;
        const expected =
          moments.length === 0 ? null : { earliestAtMs: Math.min(...moments), latestAtMs: Math.max(...moments) };
        expect(net.span).toEqual(expected);
        expect(net.through).toEqual(stretch(all).through);
        const noticed = all.flatMap((one) => one.changes).filter((one) => one.kind === 'notice').length;
        expect(net.notices).toHaveLength(of === 'stream' ? 0 : noticed);
        expect(net.flush).toBe(more || noticed > 0);
      }),
      { seed: 20_261_120, numRuns: 2_000 },
    );
    expect(told).toBeGreaterThan(500);
  });

  it('is the same for two halves told together, and nothing that comes later takes from it', () => {
    fc.assert(
      fc.property(commits, filters, marks, kind, fc.nat(12), (all, by, known, of, cut) => {
        const subscriber = { kind: of, filters: by };
        const whole = netOf(stretch(all), subscriber, known);
        const first = netOf(stretch(all.slice(0, cut)), subscriber, known);
        const second = netOf(stretch(all.slice(cut)), subscriber, known);
        expect(joined(first.span, second.span)).toEqual(whole.span);
        expect(queued(first.notices, second.notices)).toEqual(queued([], whole.notices));
      }),
      { seed: 20_261_121, numRuns: 1_000 },
    );
  });

  it('never cancels out: a change and its undoing are told, whatever stands between', () => {
    fc.assert(
      fc.property(commits, (between) => {
        const seq = between.length + 1;
        const undone = [commit(seq, 2_000_000, [removed('a')]), commit(seq + 1, 2_000_001, [removed('a')])];
        const all = { calendarIds: null, onlyManaged: false };
        const net = netOf(
          stretch([...between, ...undone]),
          { kind: 'channel', filters: all },
          { managed: new Set(), visible: new Set() },
        );
        expect(net.span?.latestAtMs).toBe(2_000_001);
      }),
      { seed: 20_261_122, numRuns: 200 },
    );
  });
});
