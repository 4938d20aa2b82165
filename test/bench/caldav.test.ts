/** The CalDAV bench on a tiny calendar: everyone's answers agree, and one that does not is refused. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { calDavOf } from '../../bench/caldav.ts';
import { startBenchServer, type BenchServer } from '../../bench/caldav/server.ts';
import type { Reading } from '../../bench/kit/answers.ts';
import { changedEvent } from '../../bench/kit/bodies.ts';
import { withSubject } from '../../bench/kit/processes.ts';
import { locate } from '../../tools/setup/locate.ts';
import { usable } from '../support/caldav-server.ts';

const radicale = usable(
  'Radicale',
  locate('radicale') === null ? { missing: 'radicale is not installed' } : { present: true },
);
const scale = { quick: true, runs: 1, log: () => undefined };

describe.skipIf(radicale === null)('the CalDAV bench', () => {
  test(
    'measures a round in which all answers agree, with the requests that were promised',
    { timeout: 120_000 },
    async () => {
      const said: string[] = [];
      const log = (line: string): void => void said.push(line);
      const figures = await calDavOf({ ...scale, log }, { events: 40, updates: 3, removals: 1 }, null);
      expect(said.filter((line) => line.startsWith('caldav:'))).toEqual([
        'caldav: all answers agree',
        'caldav: round 1 of 1',
      ]);
      const of = (figure: string, subject: string) =>
        figures.find((one) => one.figure === figure && one.subject === subject);
      expect(of('pull without change', 'Kalends, requests')).toMatchObject({ median: 1, target: 'met' });
      expect(of('pull without change', 'Kalends, commits')).toMatchObject({ median: 0, target: 'met' });
      expect(of('updates and removals', 'Kalends, requests')).toMatchObject({ target: 'met' });
      expect(of('first sync, warm', 'Kalends ÷ floor')).toMatchObject({ unit: 'ratio', runs: 1 });
      const { version } = JSON.parse(readFileSync('node_modules/tsdav/package.json', 'utf8')) as { version: string };
      expect(of('pull without change', `tsdav ${version}`)).toBeDefined();
      expect(figures.every((one) => Number.isFinite(one.median))).toBe(true);
    },
  );

  test('gives no figure where one answer differs', { timeout: 120_000 }, async () => {
    const said: string[] = [];
    const liar = { version: '0', mirror: () => Promise.resolve({ sync: () => Promise.resolve(1), count: () => 39 }) };
    const size = { events: 40, updates: 1, removals: 1 };
    await expect(calDavOf({ ...scale, log: (line) => said.push(line) }, size, liar)).rejects.toThrow(
      'files mirrored by vdirsyncer: the answer is 39 and should be 40; nothing was measured',
    );
    expect(said.filter((line) => line.startsWith('caldav:'))).toEqual([]);
  });

  describe('the independent reading', () => {
    let server: BenchServer;
    beforeAll(async () => {
      server = await startBenchServer(12, () => undefined);
    });
    afterAll(() => server.stop());

    const read = (): Promise<Reading> =>
      withSubject('caldav.reading', (subject) =>
        subject.ask<Reading>('read', { folder: server.folder, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }),
      );

    test('sees every file, all occurrences of series, and a change of any of them', async () => {
      const before = await read();
      expect(before).toMatchObject({ resources: 12, occurrences: 11 + 26 });
      const path = join(server.folder, 'event-3.ics');
      const body = readFileSync(path, 'utf8');
      writeFileSync(path, changedEvent(body, 'another note'));
      expect((await read()).digest).not.toBe(before.digest);
      writeFileSync(path, body);
      appendFileSync(path, '\r\n');
      expect((await read()).digest).toBe(before.digest);
    });

    test('counts requests by the server’s own log', async () => {
      const before = server.requests();
      await server.edit(2, 1, 'edited');
      expect(server.requests()).toBe(before + 3);
    });
  });
});
