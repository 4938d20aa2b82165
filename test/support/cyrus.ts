/** A real Cyrus on free ports of 127.0.0.1, everything in one tree of its own, run as cyrus:mail. */
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { locate } from '../../tools/setup/locate.ts';
import {
  makeCalendarUnder,
  rawClient,
  type CalDavLogin,
  type CalDavServer,
  type MissingServer,
} from './caldav-server.ts';
import { freePorts } from './free-port.ts';
import { startProcess, temporaryFolder, tryTwice } from './process.ts';

const programs = '/usr/lib/cyrus/bin';

/** Starts one, or says why this machine has none (Cyrus changes its user, so only root can start it). */
export async function startCyrus(): Promise<CalDavServer | MissingServer> {
  const master = `${programs}/master`;
  const passwords = locate('saslpasswd2');
  const owner = accountOf('cyrus');
  if (locate('cyr_buildinfo') === null || owner === null) return { missing: 'cyrus is not installed' };
  if (passwords === null) return { missing: 'saslpasswd2 (package sasl2-bin) is not installed' };
  if (process.getuid?.() !== 0) return { missing: 'cyrus can be started by root only' };
  return tryTwice(() => start(master, passwords, owner));
}

async function start(master: string, passwords: string, owner: Tree['owner']): Promise<CalDavServer> {
  const folder = temporaryFolder('cyrus');
  const [http = 0, imap = 0] = await freePorts(2);
  const tree: Tree = { folder, owner, passwords };
  writeSettings(tree, http, imap);
  await run(passwords, ['-p', '-c', '-f', join(folder, 'sasldb2'), '-u', 'localhost', 'admin'], 'admin-password');
  chownTree(tree);
  const url = `http://127.0.0.1:${http}/`;
  const owned = await startProcess({
    command: master,
    args: `-C ${folder}/imapd.conf -M ${folder}/cyrus.conf -p ${folder}/run/master.pid -D`.split(' '),
    folder,
    ready: async () => (await fetch(url, { redirect: 'manual' })).status < 500,
  });
  const addUser = (username: string, password: string): Promise<CalDavLogin> =>
    createUser(tree, { http: url, imap }, username, password);
  try {
    const login = await addUser('alice', 'alice-password');
    return {
      software: 'cyrus',
      url,
      ...login,
      logFile: owned.logFile,
      makeCalendar: (name) => makeCalendarUnder(login.calendarsHome, login, name),
      addUser,
      stop: () => owned.stop(),
    };
  } catch (error) {
    const output = owned.output();
    await owned.stop();
    throw new Error(`cyrus has no usable login; it printed:\n${output}`, { cause: error });
  }
}

interface Tree {
  readonly folder: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly passwords: string;
}

function accountOf(name: string): { uid: number; gid: number } | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A login in the password file, its mailbox (which carries the calendars), and a first look that creates them. */
async function createUser(
  tree: Tree,
  ports: { readonly http: string; readonly imap: number },
  username: string,
  password: string,
): Promise<CalDavLogin> {
  await run(tree.passwords, ['-p', '-c', '-f', join(tree.folder, 'sasldb2'), '-u', 'localhost', username], password);
  await imapDialogue(ports.imap, ['LOGIN admin admin-password', `CREATE user/${username}`, 'LOGOUT']);
  const login = { username, password, calendarsHome: `${ports.http}dav/calendars/user/${username}/` };
  const answer = await rawClient(login).propfind(login.calendarsHome, 1, '<d:resourcetype/>');
  if (answer.status !== 207) throw new Error(`cyrus refuses ${username}: ${answer.status} ${answer.text}`);
  return login;
}

function writeSettings(tree: Tree, http: number, imap: number): void {
  const { folder } = tree;
  for (const name of ['config', 'spool', 'run', 'sieve', 'idle', 'proc', 'locks']) mkdirSync(join(folder, name));
  for (const name of ['config/db', 'config/socket', 'config/log', 'config/proc', 'config/msg', 'config/user']) {
    mkdirSync(join(folder, name));
  }
  writeFileSync(
    join(folder, 'imapd.conf'),
    `configdirectory: ${folder}/config
partition-default: ${folder}/spool
defaultpartition: default
sievedir: ${folder}/sieve
proc_path: ${folder}/proc
mboxname_lockpath: ${folder}/locks
master_pid_file: ${folder}/run/master.pid
idlesocket: ${folder}/run/idle
notifysocket: ${folder}/run/notify
servername: localhost
defaultdomain: localhost
virtdomains: off
admins: admin
unixhierarchysep: yes
altnamespace: yes
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/sasldb2
sasl_mech_list: PLAIN
httpmodules: caldav
caldav_create_default: yes
caldav_realm: Kalends tests
syslog_prefix: kalends-tests
cyrus_user: cyrus
`,
  );
  writeFileSync(
    join(folder, 'cyrus.conf'),
    `START {
  recover cmd="${programs}/ctl_cyrusdb -C ${folder}/imapd.conf -r"
}
SERVICES {
  imap cmd="${programs}/imapd -C ${folder}/imapd.conf" listen="127.0.0.1:${imap}" prefork=0
  http cmd="${programs}/httpd -C ${folder}/imapd.conf" listen="127.0.0.1:${http}" prefork=1
}
EVENTS {
}
`,
  );
}

function chownTree(tree: Tree): void {
  const { uid, gid } = tree.owner;
  for (const path of ['', 'config', 'spool', 'run', 'sieve', 'idle', 'proc', 'locks', 'sasldb2']) {
    chownSync(join(tree.folder, path), uid, gid);
  }
  for (const path of ['db', 'socket', 'log', 'proc', 'msg', 'user']) {
    chownSync(join(tree.folder, 'config', path), uid, gid);
  }
}

/** Runs a program to its end with something on its standard input; rejects when it fails. */
function run(command: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${complaint}`)),
    );
    child.stdin.end(input);
  });
}

/** Sends IMAP commands one after another; rejects on the first that is not answered OK. */
function imapDialogue(port: number, commands: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    let next = 0;
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`IMAP: ${reason}`));
    };
    const send = (): void => {
      const command = commands[next];
      if (command === undefined) {
        socket.destroy();
        resolve();
        return;
      }
      next += 1;
      socket.write(`t${next} ${command}\r\n`);
    };
    socket.setTimeout(20_000, () => fail(`no answer to ${commands[next - 1] ?? 'the greeting'}: ${received}`));
    socket.once('error', (error) => fail(error.message));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const tag = next === 0 ? '*' : `t${next}`;
      const line = received.split('\r\n').find((candidate) => candidate.startsWith(`${tag} `));
      if (line === undefined || !received.endsWith('\r\n')) return;
      if (!line.startsWith(`${tag} OK`)) fail(`${commands[next - 1] ?? 'greeting'}: ${line}`);
      received = '';
      send();
    });
  });
}
