/** A real Xandikos on a free port of 127.0.0.1: one user, no passwords, a git repository per calendar. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../../tools/setup/locate.ts';
import { makeCalendarUnder, type CalDavServer, type MissingServer } from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { startProcess, temporaryFolder, tryTwice } from './process.ts';

/** Starts one, or says why this machine has none. It accepts every password. */
export async function startXandikos(): Promise<CalDavServer | MissingServer> {
  const command = locate('xandikos');
  if (command === null) return { missing: 'xandikos is not installed' };
  return tryTwice(() => start(command));
}

async function start(command: string): Promise<CalDavServer> {
  const folder = temporaryFolder('xandikos');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  mkdirSync(join(folder, 'files'));
  const owned = await startProcess({
    command,
    args: `-d ${join(folder, 'files')} --defaults --current-user-principal /user/ -l 127.0.0.1 -p ${port}`.split(' '),
    folder,
    environment: { PYTHONUNBUFFERED: '1', HOME: folder },
    ready: async () => (await fetch(`${url}user/calendars/`, { method: 'OPTIONS' })).status < 500,
  });
  const login = { username: 'user', password: 'any-password', calendarsHome: `${url}user/calendars/` };
  return {
    software: 'xandikos',
    url,
    ...login,
    logFile: owned.logFile,
    makeCalendar: (name) => makeCalendarUnder(login.calendarsHome, login, name),
    stop: () => owned.stop(),
  };
}
