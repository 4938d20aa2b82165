/** Single resources that are wrong: each is kept, reported to operators, and affects nobody but itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceId } from '../../domain/ids.ts';
import { apiClient, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import {
  firstSync,
  inspect,
  startNode,
  until,
  type Connection,
  type NodeUnderTest,
} from '../support/node-under-test.ts';

const hostile = {
  // 30 February, a second at a time: bounded, and no more than its first occurrence.
  'endless.ics': 'RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
  'dense.ics': 'RRULE:FREQ=SECONDLY',
  'broken-rule.ics': 'RRULE:FREQ=NEVER;INTERVAL=-1',
};

let server: MountedModelServer;
let kalends: NodeUnderTest;
let connection: Connection;
let app: ApiClient;
let work: string;
let calendarId: string;

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  for (let k = 0; k < 5; k += 1) {
    server.world.put(work, `ok-${k}.ics`, icsOf({ uid: `ok-${k}`, summary: `Fine ${k}`, startMs: daysAhead(1 + k) }));
  }
  server.world.put(work, 'garbage.ics', 'BEGIN:VCALENDAR\r\nthis is no calendar\r\n');
  server.world.put(
    work,
    'empty-event.ics',
    'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n',
  );
  for (const [name, rule] of Object.entries(hostile)) {
    server.world.put(work, name, icsOf({ uid: name, summary: name, startMs: daysAhead(1), lines: [rule] }));
  }
  for (const name of ['twin-a.ics', 'twin-b.ics']) {
    server.world.put(work, name, icsOf({ uid: 'twins', summary: name, startMs: daysAhead(2) }));
  }
  kalends = await startNode();
  connection = await kalends.connectCalDav(server);
  await firstSync(kalends.ops, connection.profileId);
  app = apiClient(kalends.url, connection.token);
  calendarId = await app.calendarId('Work');
});

afterAll(async () => {
  await kalends?.stop();
  await server?.stop();
});

const summaries = async (): Promise<string[]> =>
  (await app.rows('/v1/events?tzid=Etc/UTC', 'events')).map((one) => String(one['summary'])).sort();

interface Problem {
  readonly resource_id: ResourceId;
  readonly ref: string;
  readonly code: string;
}

const problems = async (): Promise<readonly Problem[]> => {
  const profile = (await inspect(kalends.ops, connection.profileId)) as unknown as { problems: readonly Problem[] };
  return profile.problems;
};

describe('resources that cannot be understood', () => {
  it('do not keep the others from being served', async () => {
    const shown = await summaries();
    expect(shown).toEqual(expect.arrayContaining(['Fine 0', 'Fine 1', 'Fine 2', 'Fine 3', 'Fine 4']));
    expect(shown.filter((one) => one === 'endless.ics').length).toBeLessThanOrEqual(1);
    expect((await inspect(kalends.ops, connection.profileId)).state.name).toBe('live');
  });

  it('are reported by inspect, each with its own code', async () => {
    const codes = Object.fromEntries((await problems()).map((one) => [one.ref, one.code]));
    expect(codes).toEqual({
      'garbage.ics': 'resource_unparsable',
      'empty-event.ics': 'resource_unparsable',
      'dense.ics': expect.stringMatching(/^recurrence_/) as string,
      'broken-rule.ics': expect.stringMatching(/^recurrence_/) as string,
    });
  });

  it('are kept as received, and explained', async () => {
    const garbage = (await problems()).find((one) => one.ref === 'garbage.ics');
    const kept = await kalends.node.documents.get('resources', garbage?.resource_id ?? '');
    expect(kept?.body).toBe(server.world.body(work, 'garbage.ics'));
    const story = await kalends.ops<{ present: boolean; problem: Row }>('explain', { event: garbage?.resource_id });
    expect(story).toMatchObject({
      present: true,
      problem: { code: 'resource_unparsable' },
      history: [{ what: 'added' }],
    });
  });

  it('are served as soon as somebody mends them, and their problem is gone', async () => {
    server.world.put(work, 'garbage.ics', icsOf({ uid: 'mended', summary: 'Mended', startMs: daysAhead(3) }));
    server.world.put(
      work,
      'dense.ics',
      icsOf({ uid: 'dense.ics', summary: 'Daily', startMs: daysAhead(3), lines: ['RRULE:FREQ=DAILY;COUNT=2'] }),
    );
    await until(
      'the mended ones',
      summaries,
      (all) => all.includes('Mended') && all.filter((one) => one === 'Daily').length === 2,
    );
    expect((await problems()).map((one) => one.ref).sort()).toEqual(['broken-rule.ics', 'empty-event.ics']);
  });

  it('may become so: what was served stays as it was, and nobody is told that it is gone', async () => {
    const before = await app.rows('/v1/events?tzid=Etc/UTC&include_deleted=true', 'events');
    server.world.put(work, 'ok-4.ics', 'BEGIN:VCALENDAR\r\nhalf a fi');
    server.world.edit(work, 'dense.ics', (body) => body.replace(/RRULE:.*/, 'RRULE:FREQ=NONSENSE'));
    const damaged = (refs: readonly string[]) => refs.includes('ok-4.ics') && refs.includes('dense.ics');
    await until('the damage', async () => (await problems()).map((one) => one.ref), damaged);
    expect(await app.rows('/v1/events?tzid=Etc/UTC&include_deleted=true', 'events')).toEqual(before);
    expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
  });
});

describe('two resources with one UID', () => {
  const uidOf = (rows: readonly Row[], summary: string): unknown =>
    rows.find((one) => one['summary'] === summary)?.['event_uid'];
  const rows = () => app.rows('/v1/events?tzid=Etc/UTC', 'events');

  it('are two events', async () => {
    const all = await rows();
    expect(uidOf(all, 'twin-a.ics')).toBeDefined();
    expect(uidOf(all, 'twin-b.ics')).toBeDefined();
    expect(uidOf(all, 'twin-a.ics')).not.toBe(uidOf(all, 'twin-b.ics'));
  });

  it('change and go one by one', async () => {
    const before = await rows();
    server.world.edit(work, 'twin-a.ics', (body) => body.replace('SUMMARY:twin-a.ics', 'SUMMARY:changed'));
    await until('the change', summaries, (all) => all.includes('changed'));
    expect(uidOf(await rows(), 'changed')).toBe(uidOf(before, 'twin-a.ics'));
    expect(uidOf(await rows(), 'twin-b.ics')).toBe(uidOf(before, 'twin-b.ics'));
    server.world.remove(work, 'twin-a.ics');
    await until('the removal', summaries, (all) => !all.includes('changed'));
    expect(uidOf(await rows(), 'twin-b.ics')).toBe(uidOf(before, 'twin-b.ics'));
  });

  it('move between names: a new name is another event', async () => {
    const before = await rows();
    server.world.move(work, 'twin-b.ics', work, 'moved.ics');
    const after = await until('the move', rows, (all) => uidOf(all, 'twin-b.ics') !== uidOf(before, 'twin-b.ics'));
    expect(after.filter((one) => one['summary'] === 'twin-b.ics')).toHaveLength(1);
  });
});

describe('a write that the server will not take', () => {
  it('is refused with its reason, and no other waits for it', async () => {
    server.faults.set('forbidden_anyway', { nextN: 1, only: { method: 'PUT' } });
    const wish = (id: string): Row => ({
      event_id: id,
      summary: id,
      start: wire(daysAhead(4)),
      end: wire(daysAhead(4, 10)),
    });
    const refused = await app.upsert(calendarId, wish('refused'));
    expect(await app.settled(refused)).toMatchObject({ state: 'rejected', reason: { code: 'content_refused' } });
    expect(await app.settled(await app.upsert(calendarId, wish('taken')))).toMatchObject({ state: 'written' });
  });
});
