/** Which changes are told to whom, row by row. */
import { describe, expect, it } from 'vitest';

import { commitKey } from '../../domain/commit.ts';
import {
  noMarks,
  questionsOf,
  relevant,
  type ChangeHeader,
  type CommitHeader,
} from '../../domain/notification/relevance.ts';
import { calendarId, commit, everything, otherCalendarId, put, removed, resourceId, work } from './samples.ts';

const evidence = { kind: 'tombstone', request: 'REPORT', status: 404, atMs: 1 } as const;
const gone: ChangeHeader = { kind: 'calendar_gone', calendarId, evidence };
const renamed: ChangeHeader = { kind: 'calendar_put', calendarId };
const horizon: ChangeHeader = { kind: 'horizon' };
const outcome: ChangeHeader = { kind: 'managed', resourceId: resourceId('a') };
const notice: ChangeHeader = { kind: 'notice', notice: 'quarantined' };

const managed = { ...noMarks, managed: new Set([resourceId('a')]) };
const visible = { ...noMarks, visible: new Set([commitKey(work, 1)]) };
const elsewhere = { calendarIds: [otherCalendarId], onlyManaged: false };
const here = { calendarIds: [calendarId, otherCalendarId], onlyManaged: false };
const own = { calendarIds: null, onlyManaged: true };

const at = (change: ChangeHeader, cause: CommitHeader['cause'] = 'pull') => commit(1, 1, [change], { cause });

describe('relevant', () => {
  it.each([
    ['a changed event', put('a'), everything, noMarks, true],
    ['an observation that changed nothing', put('a', false), everything, noMarks, false],
    ['a removed event', removed('a'), everything, noMarks, true],
    ['an event of a calendar that is filtered out', put('a'), elsewhere, noMarks, false],
    ['a removal in a calendar that is filtered out', removed('a'), elsewhere, noMarks, false],
    ['an event of a calendar that is asked for', put('a'), here, noMarks, true],
    ['an external event, only managed asked for', put('a'), own, noMarks, false],
    ['a managed event, only managed asked for', put('a'), own, managed, true],
    ['a removed managed event, only managed asked for', removed('a'), own, managed, true],
    [
      'a managed event in a calendar that is filtered out',
      put('a'),
      { ...elsewhere, onlyManaged: true },
      managed,
      false,
    ],
    ['a new or renamed calendar', renamed, everything, noMarks, true],
    ['a renamed calendar that is filtered out', renamed, elsewhere, noMarks, false],
    ['a renamed calendar, only managed asked for', renamed, own, noMarks, false],
    ['a calendar that is gone', gone, everything, noMarks, true],
    ['a calendar that is gone, without managed events', gone, own, noMarks, false],
    ['a calendar that is gone, with managed events', gone, own, visible, true],
    ['a horizon that shows nothing new', horizon, everything, noMarks, false],
    ['a horizon that shows something new', horizon, everything, visible, true],
    ['the outcome of a managed event', outcome, everything, managed, false],
    ['a notice', notice, everything, noMarks, false],
  ] as const)('%s', (_, change, filters, marks, expected) => {
    expect(relevant(change, at(change), filters, marks)).toBe(expected);
  });

  it("never echoes an application's own write", () => {
    for (const change of [put('a'), removed('a'), renamed, gone]) {
      expect(relevant(change, at(change, 'write'), everything, noMarks)).toBe(false);
    }
  });

  it.each(['pull', 'repair', 'operator', 'zone', 'horizon', 'state'] as const)(
    'tells a change of cause %s',
    (cause) => {
      expect(relevant(put('a'), at(put('a'), cause), everything, noMarks)).toBe(true);
    },
  );
});

describe('questionsOf', () => {
  it('asks nothing about ordinary changes for a channel without filters', () => {
    const commits = [at(put('a')), at(removed('b')), at(gone)];
    expect(questionsOf(commits, everything)).toEqual({ resources: [], commits: [] });
  });

  it('asks what a horizon shows, and which resources are managed when only those count', () => {
    const commits = [commit(1, 1, [put('a'), put('a'), removed('b')]), commit(2, 2, [horizon]), commit(3, 3, [gone])];
    expect(questionsOf(commits, everything).commits.map((one) => one.seq)).toEqual([2]);
    expect(questionsOf(commits, own)).toEqual({
      resources: [resourceId('a'), resourceId('b')],
      commits: commits.slice(1),
    });
  });

  it('asks nothing about own writes', () => {
    expect(questionsOf([at(put('a'), 'write')], own)).toEqual({ resources: [], commits: [] });
  });
});
