/** The command line end to end: what operators type, on a process that runs and on a store that nobody has open. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asProfileId } from '../../domain/ids.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { apiClient, wire, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { connectionOf, until, type Connection } from '../support/node-under-test.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import { scratch } from '../support/scratch.ts';
import { kalends, startKalends, throughAnotherNode, type RunningKalends } from './kalends-process.ts';

const folder = scratch();
const dataDir = join(folder('kalends'), 'data');
let server: MountedModelServer;
let running: RunningKalends;
let connection: Connection;

const connectArgs = (address: string, username = 'alice') =>
  [
    'connect',
    'caldav',
    '--url',
    address,
    '--username',
    username,
    '--password-stdin',
    '--app',
    'tests',
    '--time-zone',
    'Etc/UTC',
  ] as const;

const json = async (...args: readonly string[]): Promise<Row> => {
  const outcome = await kalends(dataDir, [...args, '--json']);
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(outcome.stdout) as Row;
};

beforeAll(async () => {
  server = await startModelServer();
  const work = server.world.addCalendar('alice', 'Work');
  server.world.put(work, 'standup.ics', icsOf({ uid: 'standup', summary: 'Standup', startMs: daysAhead(1) }));
  running = await startKalends(dataDir);
});

afterAll(async () => {
  running?.signal('SIGKILL');
  await running?.ended;
  await server?.stop();
});

describe('settings', () => {
  it('reports every wrong setting at once, and starts nothing', async () => {
    const settings = { KALENDS_PORT: 'abc', KALENDS_POLL_MS: '5', KALENDS_QUITE_MS: '1' };
    const outcome = await kalends(folder('wrong'), ['start'], { settings });
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    for (const name of Object.keys(settings)) expect(outcome.stderr).toContain(`${name}: `);
    expect(outcome.stderr).toContain('did you mean KALENDS_QUIET_MS?');
  });

  it('complains in JSON where it is asked for', async () => {
    const outcome = await kalends(folder('json'), ['start', '--json'], { settings: { KALENDS_PORT: 'abc' } });
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    const { error } = JSON.parse(outcome.stderr) as { error: Row };
    expect(error).toMatchObject({ code: 'configuration_invalid', next: null });
    expect(error['message']).toContain('KALENDS_PORT: ');
  });

  it('complains of each of them in one line of JSON', async () => {
    const settings = { KALENDS_PORT: 'abc', KALENDS_POLL_MS: '5' };
    const { stderr } = await kalends(folder('lines'), ['config', '--json'], { settings });
    const { error } = JSON.parse(stderr) as { error: { message: string } };
    expect(error.message).not.toContain('\n');
    for (const name of Object.keys(settings)) expect(error.message).toContain(`${name}: `);
  });

  it('prints the effective ones with secrets masked', async () => {
    const settings = { KALENDS_STORE_URL: 'mongodb://me:swordfish@db.example/kalends' };
    const outcome = await kalends(folder('config'), ['config'], { settings });
    expect(outcome.status).toBe(0);
    expect(outcome.stdout).toContain('***@db.example/kalends');
    expect(outcome.stdout).not.toContain('swordfish');
  });
});

describe('a command that is misspelt', () => {
  it.each([
    ['unknown command', ['ops', 'nosuch']],
    ['missing required argument', ['ops', 'nudge']],
    ['required option', ['connect', 'application']],
    ['unknown option', ['ops', 'profiles', '--nosuch']],
  ])('is told in one line of JSON where that is asked for: %s', async (what, args) => {
    const asked = await kalends(dataDir, [...args, '--json']);
    expect(asked).toMatchObject({ status: 1, stdout: '' });
    const { error } = JSON.parse(asked.stderr) as { error: Row };
    expect(error).toMatchObject({ code: 'invalid_input', next: expect.stringContaining('--help') });
    expect(error['message']).toContain(what);
    const told = await kalends(dataDir, args);
    expect(told).toMatchObject({ status: 1, stdout: '' });
    expect(told.stderr).toContain(
      `(\`kalends ${args.slice(0, 2).join(' ').replace(' nosuch', '')} --help\` tells more)`,
    );
  });

  it('says what there is: the version, and the help of any command, however deep', async () => {
    expect(await kalends(dataDir, ['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\./) });
    const { status, stdout } = await kalends(dataDir, ['help', 'ops', 'held']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Usage: kalends ops held') });
  });
});

describe('a process that runs', () => {
  it('connects an account and prints one JSON line', async () => {
    const outcome = await kalends(dataDir, connectArgs(server.url), { input: 'alice-password\n' });
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout.trimEnd().split('\n')).toHaveLength(1);
    connection = connectionOf(JSON.parse(outcome.stdout));
    expect(connection).toMatchObject({ created: true });
    const app = apiClient(running.url, connection.token);
    await until(
      'the first event',
      () => app.rows('/v1/events?tzid=Etc/UTC', 'events'),
      (rows) => rows.length === 1,
    );
  });

  it('says what is wrong with a password, and does not repeat it', async () => {
    const outcome = await kalends(dataDir, connectArgs(server.url), { input: 'hunter2-and-more\n' });
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/refused the user name or the password.*\[unauthorized/);
    expect(outcome.stderr).not.toContain('hunter2-and-more');
    const { status, stderr } = await kalends(
      dataDir,
      connectArgs(server.url).filter((one) => one !== '--password-stdin'),
    );
    expect({ status, told: stderr.includes('--password-stdin') }).toEqual({ status: 1, told: true });
  });

  it('lists, inspects and explains through its socket', async () => {
    const { profileId } = connection;
    expect(await json('ops', 'profiles')).toMatchObject([{ profile_id: profileId, state: 'live', provider: 'caldav' }]);
    expect(await json('ops', 'inspect', profileId)).toMatchObject({
      profile_id: profileId,
      calendars: [{ name: 'Work', events: 1 }],
      waiting_intents: [],
    });
    const [event] = await apiClient(running.url, connection.token).rows('/v1/events?tzid=Etc/UTC', 'events');
    expect(await json('ops', 'explain', String(event?.['event_uid']))).toMatchObject({
      present: true,
      history: [{ cause: 'pull', what: 'added' }],
    });
    const unknown = await kalends(dataDir, ['ops', 'explain', 'evt_external_nothing']);
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toContain('nothing is known of evt_external_nothing; give an event_uid');
    const { stderr } = await kalends(dataDir, ['ops', '--json', 'inspect', 'nope']);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { message: 'there is no profile nope', next: '`kalends ops profiles` lists them' },
    });
  });

  it('compares its projections with a rebuild while it goes on', async () => {
    expect(await json('ops', 'rebuild', '--compare')).toMatchObject({ profiles: 1, different: 0, unsettled: [] });
    expect(await json('ops', 'rebuild')).toMatchObject({ profiles: 1, different: 0, waiting: [] });
  });

  it('refuses to be started a second time on its data, and stays as it was', async () => {
    const second = await kalends(dataDir, ['start']);
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toContain('another process has this database open');
    expect(await json('ops', 'profiles')).toHaveLength(1);
    expect((await apiClient(running.url, connection.token).ask('GET', '/v1/calendars')).status).toBe(200);
  });

  it('answers the console, command after command, from a pipe', async () => {
    const [event] = await apiClient(running.url, connection.token).rows('/v1/events?tzid=Etc/UTC', 'events');
    const explain = `call ops.explain --event ${String(event?.['event_uid'])}`;
    const input = `call ops.profiles\ncall ops.inspect --profile ${connection.profileId}\n${explain}\n`;
    const outcome = await kalends(dataDir, ['repl'], { input });
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout).toContain(connection.profileId);
    expect(outcome.stdout).toContain('waiting_intents');
    // Whole, however deep.
    expect(outcome.stdout).toContain('Standup');
    expect(outcome.stdout).not.toContain('[Object]');
  });

  it('says in the console what a question lacks, without a stack', async () => {
    const { stderr } = await kalends(dataDir, ['repl'], { input: 'call ops.inspect\n' });
    expect(stderr).toContain('ops.inspect needs profile');
    expect(stderr).toContain('call ops.inspect --profile …');
    expect(stderr).not.toContain('restored-error.ts');
  });

  it('shows channels and every attempt to notify them', async () => {
    const receiver = await startWebhookReceiver();
    try {
      const app = apiClient(running.url, connection.token);
      await app.ask('POST', '/v1/channels', { callback_url: receiver.url });
      const [channel] = (await json('ops', 'channels')) as unknown as readonly Row[];
      expect(channel).toMatchObject({ callback_url: receiver.url, account_id: connection.accountId, failures: 0 });
      const id = String(channel?.['channel_id']);
      expect(await json('ops', 'deliveries', id)).toMatchObject([
        { notification: 'verification', attempt: 1, status: 200, error: null },
      ]);
      expect(await app.ask('DELETE', `/v1/channels/${id}`)).toMatchObject({ status: 202 });
      expect(await json('ops', 'channels')).toEqual([]);
      const unknown = await kalends(dataDir, ['ops', 'deliveries', 'chn_nothing']);
      expect(unknown).toMatchObject({ status: 1, stdout: '' });
      expect(unknown.stderr).toContain('there is no channel chn_nothing');
    } finally {
      await receiver.stop();
    }
  });

  it('revokes what an application may do at once, and gives it back when the account is connected again', async () => {
    const before = apiClient(running.url, connection.token);
    expect(await before.ask('GET', '/v1/calendars')).toMatchObject({ status: 200 });
    expect(await json('ops', 'revoke', connection.accountId)).toMatchObject({ revoked_grants: 1 });
    expect(await before.ask('GET', '/v1/calendars')).toMatchObject({ status: 401 });
    expect(await json('ops', 'revoke', connection.accountId)).toMatchObject({ revoked_grants: 0 });
    const outcome = await kalends(dataDir, connectArgs(server.url), { input: 'alice-password\n' });
    const again = connectionOf(JSON.parse(outcome.stdout));
    expect(again).toMatchObject({ created: false, accountId: connection.accountId, profileId: connection.profileId });
    connection = again;
    expect(await before.ask('GET', '/v1/calendars')).toMatchObject({ status: 401 });
    expect(await apiClient(running.url, again.token).ask('GET', '/v1/calendars')).toMatchObject({ status: 200 });
    const unknown = await kalends(dataDir, ['ops', 'revoke', 'acc_nobody']);
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toContain('there is no account acc_nobody');
  });

  it('stops cleanly when it is told to, with what it accepted kept', async () => {
    const app = apiClient(running.url, connection.token);
    server.faults.set('slow_answer', { always: true, value: 300, only: { method: 'PUT' } });
    const start = daysAhead(2);
    const operations = [];
    for (let k = 0; k < 5; k += 1) {
      const wish = { event_id: `e${k}`, summary: `Event ${k}`, start: wire(start), end: wire(start + 3_600_000) };
      operations.push(await app.upsert(await app.calendarId('Work'), wish));
    }
    running.signal('SIGTERM');
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(dataDir, 'kalends.sock'))).toBe(false);
    expect(existsSync(join(dataDir, 'kalends.sqlite-wal'))).toBe(false);
    server.faults.clearAll();
  });
});

describe('a process that another Node started', () => {
  it('is not left behind when the one that was started is told to stop', async () => {
    const started = await startKalends(join(folder('wrapped'), 'data'), {}, throughAnotherNode);
    started.signal('SIGTERM');
    expect(await started.ended).toMatchObject({ status: 0 });
    expect(() => process.kill(started.pid, 0)).toThrow('ESRCH');
  });
});

describe('a folder without data', () => {
  it('is not taken for an empty service by commands, and stays as it is', async () => {
    const elsewhere = join(folder('elsewhere'), 'data');
    for (const args of [['ops', 'profiles'], ['repl'], connectArgs(server.url)] as const) {
      const outcome = await kalends(elsewhere, [...args], { input: 'call ops.profiles\n' });
      expect(outcome).toMatchObject({ status: 1, stdout: '' });
      expect(outcome.stderr).toContain(`there is no data of Kalends in ${elsewhere}`);
      expect(outcome.stderr).toContain('KALENDS_DATA_DIR');
    }
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('that cannot be made is told with what to do, not with a stack', async () => {
    const file = folder('a file');
    writeFileSync(file, '');
    for (const args of [['start'], ['ops', 'profiles']] as const) {
      const { status, stdout, stderr } = await kalends(join(file, 'data'), [...args]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^kalends: .*KALENDS_DATA_DIR.* \[configuration_invalid\]\n$/);
    }
  });
});

/** One event of the stored projection is no longer what the log says. */
async function tamper(): Promise<void> {
  const documents = openSqlite({ path: join(dataDir, 'kalends.sqlite') });
  await documents.open();
  const profileId = asProfileId(connection.profileId);
  const [event] = await documents.find('eventsOfProfile', { profileId }, { limit: 1 });
  if (event !== undefined) await documents.upsertMany('events', [{ ...event, summary: 'Tampered with' }]);
  await documents.close();
}

describe('a store that nobody has open', () => {
  it('answers the same commands by itself', async () => {
    expect(await json('ops', 'profiles')).toMatchObject([{ profile_id: connection.profileId, state: 'live' }]);
    expect(await json('ops', 'rebuild', '--compare')).toMatchObject({ profiles: 1, different: 0 });
    const outcome = await kalends(dataDir, ['repl'], { input: 'call ops.profiles\n' });
    expect(outcome.stdout).toContain(connection.profileId);
  });

  it('does not say that all is sealed with a key that opens nothing, and says of what is asked that nobody runs', async () => {
    expect(await json('ops', 'nudge', connection.profileId)).toMatchObject({ next: expect.stringContaining('start') });
    const settings = { KALENDS_KEYS: `k1:${randomBytes(32).toString('base64')}` };
    const { status, stdout } = await kalends(dataDir, ['ops', 'reseal', '--json'], { settings });
    expect({ status, outcome: JSON.parse(stdout) }).toEqual({
      status: 1,
      outcome: { resealed: 0, current: 0, unsealable: 2 },
    });
  });

  it('puts right by itself what differs from the log, and tells a person how far it is', async () => {
    await tamper();
    const differing = await kalends(dataDir, ['ops', 'rebuild', '--compare', '--json']);
    expect(differing).toMatchObject({ status: 1, stderr: '' });
    expect(JSON.parse(differing.stdout)).toMatchObject({ different: 1, unsettled: [] });
    const mended = await kalends(dataDir, ['ops', 'rebuild']);
    expect(mended).toMatchObject({ status: 0, stderr: `1 of 1: ${connection.profileId}\n` });
    expect(mended.stdout).toContain('different: 1');
    await tamper();
    const input = 'call ops.rebuild --no-compare\n';
    const outcome = await kalends(dataDir, ['repl'], { input });
    expect(outcome).toMatchObject({ status: 0, stderr: `1 of 1: ${connection.profileId}\n` });
    expect(await json('ops', 'rebuild', '--compare')).toMatchObject({ profiles: 1, different: 0, unsettled: [] });
  });

  it('carries out at the next start what had been accepted before the stop', async () => {
    running = await startKalends(dataDir);
    const app = apiClient(running.url, connection.token);
    const managed = () => app.rows('/v1/events?tzid=Etc/UTC&only_managed=true', 'events');
    const landed = (rows: readonly Row[]) =>
      rows.length === 5 && rows.every((one) => one['kalends_provisional'] !== true);
    await until('the accepted writes', managed, landed);
    const names = server.world.names(server.world.calendarsOf('alice')[0] ?? '');
    expect(names.filter((name) => name.startsWith('kalends-'))).toHaveLength(5);
  });
});
