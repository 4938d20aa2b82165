/** Attendees who answer while an application changes the event: what their server files by itself is in nobody's way. */
import { expect, test } from 'vitest';
import type { ModelServerOptions } from '../../support/caldav-model/server.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { minute } from './rig.ts';
import { synced, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

const path = '/calendars/alice/work/';
const preconditions = ['if-match', 'if-none-match', 'if-schedule-tag-match'];

/** `writes`: one line for each that the server was asked for, e.g. `PUT 204 if-schedule-tag-match`. */
async function watched() {
  const writes: string[] = [];
  const seen: ModelServerOptions['seen'] = ({ method, status }, { headers }) => {
    const conditions = preconditions.filter((name) => headers[name] !== undefined);
    if (method === 'PUT' || method === 'DELETE') writes.push(`${method} ${status} ${conditions.join(' ')}`);
  };
  const rig = await synced<ModelSide>({ side: (clock, random) => modelSide(clock, random, { seen }), events: 0 });
  return { rig, writes };
}

const invited = [{ email: 'bob@example.org', displayName: null }];

test.each<[string, typeof invited, string[]]>([
  ['with attendees onto whatever they answered', invited, ['PUT 204 if-schedule-tag-match']],
  ['without attendees onto what was read alone', [], ['PUT 412 if-match', 'PUT 204 if-match']],
])('an event is written %s', async (_how, people, expected) => {
  const { rig, writes } = await watched();
  await rig.upsert(work, 'x', wish('Ours', { invited: people }));
  await rig.pass(minute);
  const [ref = ''] = rig.other.server.world.names(path);
  rig.other.server.world.reply(path, ref, (body) => body.replace('SUMMARY:', 'COMMENT:yes\r\nSUMMARY:'));
  writes.splice(0);
  await rig.upsert(work, 'x', { summary: 'Ours, later' });
  await rig.pass(minute);
  expect(writes).toEqual(expected);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
  expect(rig.other.server.world.body(path, ref)).toContain('SUMMARY:Ours\\, later');
  await expectAllWell(rig);
});

test('an event with attendees is removed whatever they answered', async () => {
  const { rig, writes } = await watched();
  await rig.upsert(work, 'x', wish('Ours', { invited }));
  await rig.pass(minute);
  const [ref = ''] = rig.other.server.world.names(path);
  rig.other.server.world.reply(path, ref, (body) => body.replace('SUMMARY:', 'COMMENT:yes\r\nSUMMARY:'));
  writes.splice(0);
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect(writes).toEqual(['DELETE 204 if-schedule-tag-match']);
  expect(rig.other.server.world.names(path)).toEqual([]);
  await expectAllWell(rig);
});
