/** A real Radicale on a free port of 127.0.0.1, with users, its own folder, and no trace afterwards. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../../tools/setup/locate.ts';
import {
  makeCalendarUnder,
  rawClient,
  type CalDavLogin,
  type CalDavServer,
  type MissingServer,
} from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { startProcess, temporaryFolder, tryTwice } from './process.ts';

export interface RadicaleOptions {
  /** Passwords by user name; the first is the server's own login. Default: alice. */
  readonly users?: Readonly<Record<string, string>>;
}

/** Starts one, or says why this machine has none. Rejects only when an installed Radicale does not come up. */
export async function startRadicale(options: RadicaleOptions = {}): Promise<CalDavServer | MissingServer> {
  const command = locate('radicale');
  if (command === null) return { missing: 'radicale is not installed' };
  return tryTwice(() => start(command, Object.entries(options.users ?? { alice: 'alice-password' })));
}

async function start(command: string, users: [string, string][]): Promise<CalDavServer> {
  const folder = temporaryFolder('radicale');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  writeSettings(folder, port, users);
  const owned = await startProcess({
    command,
    args: ['--config', join(folder, 'config')],
    folder,
    environment: { PYTHONUNBUFFERED: '1' },
    ready: async () => (await fetch(url, { redirect: 'manual' })).status < 500,
  });
  const [username, password] = users[0] ?? ['', ''];
  const login = await homeOf(url, username, password);
  return {
    software: 'radicale',
    url,
    ...login,
    logFile: owned.logFile,
    makeCalendar: (name) => makeCalendarUnder(login.calendarsHome, login, name),
    addUser: (name, secret) => {
      // Radicale reads the file at every login.
      users.push([name, secret]);
      writeUsers(folder, users);
      return homeOf(url, name, secret);
    },
    stop: () => owned.stop(),
  };
}

/** Radicale creates a person's home at the first request that is signed in. */
async function homeOf(url: string, username: string, password: string): Promise<CalDavLogin> {
  const login = { username, password, calendarsHome: `${url}${encodeURIComponent(username)}/` };
  const answer = await rawClient(login).propfind(login.calendarsHome, 0, '<d:resourcetype/>');
  if (answer.status !== 207) throw new Error(`radicale refuses ${username}: ${answer.status} ${answer.text}`);
  return login;
}

function writeUsers(folder: string, users: readonly (readonly [string, string])[]): void {
  writeFileSync(join(folder, 'users'), users.map(([name, secret]) => `${name}:${secret}\n`).join(''));
}

function writeSettings(folder: string, port: number, users: readonly (readonly [string, string])[]): void {
  mkdirSync(join(folder, 'collections'));
  writeUsers(folder, users);
  const settings = `[server]
hosts = 127.0.0.1:${port}
max_connections = 64
timeout = 60
[auth]
type = htpasswd
htpasswd_filename = ${join(folder, 'users')}
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = ${join(folder, 'collections')}
[web]
type = none
[logging]
level = info
mask_passwords = True
`;
  writeFileSync(join(folder, 'config'), settings);
}
