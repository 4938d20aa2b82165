/** A server that sends back all it was told, credentials and appointments, in every kind of failure: none of it is kept or logged. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Http, HttpRequest } from '../../providers/http.ts';
import { apiClient, wire } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { firstSync, inspect, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';
import { logSink } from '../support/traces.ts';

/** Each stands where a person could have written it; none stands anywhere else. */
const theirs = ['Zebrastreifen', 'Ameisenbaer', 'tapir@zoo.example', 'Nashornallee'];
const ours = 'Flusspferd';
const password = 'correct-horse-battery';

let server: MountedModelServer;
let kalends: NodeUnderTest;
let lines: string[];
/** Null: the server answers as it should. */
let spoilt: ((told: string, request: HttpRequest) => { readonly status: number; readonly text: string }) | null;

/** Everything that a hostile or a helpful server could repeat: the request with its headers, and what it has stored. */
const toldIn = ({ headers, body = '' }: HttpRequest, stored: string): string =>
  [stored, body, password, JSON.stringify(headers), headers['authorization'] ?? '', `password=${password}`].join('\n');

const spoiling =
  (stored: string) =>
  (inner: Http): Http =>
  async (request) => {
    const response = await inner(request);
    return spoilt === null ? response : { ...response, headers: {}, ...spoilt(toldIn(request, stored), request) };
  };

beforeEach(async () => {
  lines = [];
  spoilt = null;
  server = await startModelServer({ users: { ada: password } });
  const work = server.world.addCalendar('ada', 'Work');
  const [summary = '', description = '', email = '', location = ''] = theirs;
  const body = icsOf({ uid: 'one', summary, startMs: daysAhead(1) }).replace(
    'END:VEVENT',
    `DESCRIPTION:${description}\r\nATTENDEE:mailto:${email}\r\nLOCATION:${location}\r\nEND:VEVENT`,
  );
  server.world.put(work, 'one.ics', body);
  const log = {
    write: (line: string): void => {
      lines.push(line);
      logSink.write(line);
    },
  };
  kalends = await startNode({ around: { http: spoiling(body), log } });
});
afterEach(async () => {
  await kalends.stop();
  await server.stop();
});

const secrets = [password, Buffer.from(`ada:${password}`).toString('base64'), Buffer.from(password).toString('base64')];

const xml = (inner: string): string => `<d:multistatus xmlns:d="DAV:">${inner}</d:multistatus>`;

it.each([
  ['500', (told: string) => ({ status: 500, text: told })],
  ['403 with an error document', (told: string) => ({ status: 403, text: `<error>${told}</error>` })],
  ['a page instead of an answer', (told: string) => ({ status: 200, text: `<html><body>${told}</body></html>` })],
  ['a document that is cut', (told: string) => ({ status: 207, text: xml(`<d:response>${told}`).slice(0, -20) })],
  ['names made of secrets', () => ({ status: 207, text: `<${password}/>` })],
  [
    'a status line made of secrets',
    () => ({ status: 207, text: xml(`<d:response><d:status>${password}</d:status></d:response>`) }),
  ],
])('%s', async (_name, answer) => {
  const connection = await kalends.connectCalDav({ url: server.url, username: 'ada', password });
  await firstSync(kalends.ops, connection.profileId);
  const app = apiClient(kalends.url, connection.token);
  spoilt = answer;
  const event = { event_id: 'x', summary: ours, start: wire(daysAhead(2, 15)), end: wire(daysAhead(2, 16)) };
  const operation = await app.upsert(await app.calendarId('Work'), event);
  const failed = () => lines.filter((line) => line.includes('a turn failed') || line.includes('refused for good'));
  await until('a failure in the log', failed, (all) => all.length > 0);
  // Whose server it is stands in the line itself.
  expect(JSON.parse(failed()[0] ?? '')).toMatchObject({ host: new URL(server.url).host });
  const state = async () => (await inspect(kalends.ops, connection.profileId)).state.name;
  await until('the profile to suffer from it', state, (name) => name !== 'live');
  const told = [
    ...lines,
    JSON.stringify(await inspect(kalends.ops, connection.profileId)),
    JSON.stringify(await app.receipt(operation)),
  ];
  for (const secret of [...secrets, ...theirs, ours]) {
    expect(
      told.filter((line) => line.includes(secret)),
      secret,
    ).toEqual([]);
  }
});
