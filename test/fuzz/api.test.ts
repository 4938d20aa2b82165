/** The JSON entrance: whatever an application sends, the HTTP API answers in its own words, and none of them is "500". */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aliases } from '../../services/gateway/routes.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';
import { event, openWorld, type World } from '../gateway/world.ts';
import { fuzz, type Ending } from './kit.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld(32 * 1024);
  const from = '2026-11-25T09:00:00Z';
  const until = '2026-11-25T10:00:00Z';
  await world.addEvents(
    event(world.calendar, { ref: 'theirs', from, until }),
    event(world.calendar, { ref: 'mine', from, until, eventId: 'mine' }),
    event(world.calendar, { ref: 'day', from: '2026-11-25', until: '2026-11-26' }),
  );
});
afterAll(() => world.stop());

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const times = [
  '2026-11-25T12:00:00Z',
  '2026-11-25',
  '2026-11-25 12:00:00+01:00',
  '9999-12-31T23:59:59Z',
  '0000-01-01',
  '-000001-01-01',
  '2026-02-30',
  '2026-11-25T24:00:00Z',
  '+275760-09-13T00:00:00Z',
  '',
];
const fields = [
  'event_id',
  'event_uid',
  'summary',
  'description',
  'start',
  'end',
  'time',
  'tzid',
  'location',
  'lat',
  'long',
  'transparency',
  'reminders',
  'minutes',
  'url',
  'event_private',
  'color',
  'categories',
  'recurrence',
  'rules',
  'frequency',
  'interval',
  'count',
  'until',
  'by_day',
  'attendees',
  'invite',
  'remove',
  'email',
  'display_name',
  'callback_url',
  'filters',
  'calendar_ids',
  'only_managed',
  'name',
  'profile_id',
  'from',
  'to',
  'last_modified',
  'include_deleted',
  'include_managed',
  'localized_times',
  '__proto__',
  'constructor',
  'toString',
  'length',
];
const scalars: readonly unknown[] = [
  ...times,
  'Europe/Berlin',
  'Mars/Phobos',
  'constructor',
  'https://example.com/x',
  'javascript:1',
  'weekly',
  'x'.repeat(5_000),
  '😀\ud800',
  '\u0000',
  0,
  -1,
  1e308,
  0.1,
  true,
  false,
  null,
];

function value(random: Seeded, depth: number): unknown {
  const roll = random();
  if (depth === 0 || roll < 0.5) return pick(random, scalars);
  if (roll < 0.7) return Array.from({ length: below(random, 4) }, () => value(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: below(random, 6) }, () => [pick(random, fields), value(random, depth - 1)]),
  );
}

/** Most of what a real request holds, with some of it replaced. */
function body(random: Seeded): unknown {
  const upsert: Record<string, unknown> = {
    event_id: 'e1',
    summary: 'Lunch',
    start: { time: '2026-11-25T12:00:00Z', tzid: 'Europe/Berlin' },
    end: { time: '2026-11-25T13:00:00Z', tzid: 'Europe/Berlin' },
    location: { description: 'Here', lat: '1', long: '2' },
    reminders: [{ minutes: 5 }],
    attendees: { invite: [{ email: 'a@example.com', display_name: 'A' }], remove: [{ email: 'b@example.com' }] },
    recurrence: { rules: [{ frequency: 'weekly', interval: 1, count: 3, by_day: [{ day: 'monday' }] }] },
    callback_url: 'https://example.com/hook',
    filters: { calendar_ids: [world.calendar._id], only_managed: false },
    name: 'New',
    profile_id: world.profile._id,
  };
  for (let left = below(random, 3); left > 0; left -= 1) {
    const name = pick(random, Object.keys(upsert));
    if (random() < 0.3) delete upsert[name];
    else upsert[name] = value(random, 4);
  }
  if (random() < 0.3) upsert[pick(random, fields)] = value(random, 4);
  return random() < 0.1 ? value(random, 5) : upsert;
}

const routes = Object.keys(aliases);

function query(random: Seeded): string {
  const params = new URLSearchParams({ tzid: 'Etc/UTC' });
  for (let left = below(random, 5); left > 0; left -= 1) {
    const name = pick(random, fields) + pick(random, ['', '', '[]', '[0]', '[x]']);
    const given = random() < 0.3 ? world.calendar._id : String(pick(random, scalars));
    params.append(name, given.toWellFormed());
  }
  return params.toString();
}

/** `METHOD path\ncontent type\nbody`: one text, so that it can be mutated like any other. */
function grow(random: Seeded): string {
  const [method = '', route = ''] = pick(random, routes).split(' ');
  const odd = ['cal_unknown', '..%2f', '%00', 'x'.repeat(500)];
  const path = route.replace(/:\w+/, () => (random() < 0.8 ? world.calendar._id : pick(random, odd)));
  const type = pick(random, [
    'application/json',
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
  ]);
  const text = method === 'GET' ? '' : JSON.stringify(body(random));
  return `${method} ${path}?${query(random)}\n${type}\n${text}`;
}

function sentOf(input: string): Sent {
  const [first = '', type = '', ...rest] = input.split('\n');
  const [method = '', ...target] = first.split(' ');
  // What no HTTP client can put on the wire is not this entrance's business.
  const path = target.join('%20').replaceAll(/[^!-~]/g, (one) => encodeURIComponent(one.toWellFormed()));
  return {
    method: /^(?:GET|POST|DELETE|PUT|PATCH|OPTIONS)$/.test(method) ? method : 'POST',
    path: `/${path}`.replace(/^\/+/, '/').slice(0, 8_000),
    type: type.replaceAll(/[^ -~]/g, '').slice(0, 200),
    body: rest.join('\n'),
  };
}

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function send({ method, path, type, body: text }: Sent): Promise<Told> {
  const bytes = Buffer.from(text);
  const headers = {
    authorization: `Bearer ${world.token}`,
    'content-length': bytes.length,
    ...(type === '' ? {} : { 'content-type': type }),
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(world.baseUrl, { method, path, headers }, (response) => {
      let told = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (told += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: told }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(bytes);
  });
}

async function answered(input: string): Promise<Ending> {
  const { status, headers, text } = await send(sentOf(input));
  expect(status, text).toBeGreaterThanOrEqual(200);
  expect(status, text).toBeLessThan(500);
  expect(text).not.toMatch(/\bat \/|node:internal|SQLITE|\.ts:\d/);
  if (status < 400) return 'meaning';
  expect(headers['x-request-id']).toBeDefined();
  const { errors } = JSON.parse(text) as { errors: Readonly<Record<string, readonly object[]>> };
  for (const rows of Object.values(errors)) {
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toEqual({ key: expect.any(String), description: expect.any(String) });
  }
  // What was wrong is named, not sent back.
  expect(text.length).toBeLessThan(20_000);
  return 'refusal';
}

test('every request is answered, none with a fault of ours, and refusals have their one shape', async () => {
  const calendar = world.calendar._id;
  const json = (method: string, path: string, content: object): string =>
    `${method} ${path}\napplication/json\n${JSON.stringify(content)}`;
  const samples = [
    json('POST', `/v1/calendars/${calendar}/events`, {
      event_id: 'e1',
      summary: 'Lunch',
      start: '2026-11-25T12:00:00Z',
      end: '2026-11-25T13:00:00Z',
    }),
    json('DELETE', `/v1/calendars/${calendar}/events`, { event_id: 'e1' }),
    json('POST', '/v1/channels', { callback_url: 'https://example.com/', filters: { calendar_ids: [calendar] } }),
    json('POST', '/v1/calendars', { profile_id: world.profile._id, name: 'New' }),
    'GET /v1/events?tzid=Etc/UTC&from=2026-11-20&to=2026-12-01&include_managed=true\n\n',
    'GET /v1/free_busy?tzid=Europe/Berlin&localized_times=true\n\n',
    'GET /v1/operations/op_x\n\n',
    'GET /v1/events/pages/x.y.z\n\n',
  ];
  const words = [...fields, ...times, ...routes, '[]', '{}', 'null', '"', '%', '%zz', '&', '[', '\\u0000', '\\ud800'];
  const { shareOfMeaning } = await fuzz({ name: 'HTTP API', runs: 600, samples, words, grow, attempt: answered });
  expect(shareOfMeaning).toBeGreaterThan(0.1);
  expect(shareOfMeaning).toBeLessThan(0.9);
}, 86_400_000);
