/** Finding what runs Kalends, from any Node: its packages (installed when they are missing) and a Node that is new enough. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const needed = 26;
const lock = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.kalends-lock');

/** Where Node keeps compiled code: the second start takes half the time, and 25 MB less. Beside the packages, for nobody else to write to. */
export const codeCache = join(root, 'node_modules', '.cache', 'node');

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);

/** Runs `npm ci` unless node_modules is what the lock file asks for; ends the process when that fails. */
export function ensurePackages() {
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === wanted &&
    existsSync(join(root, 'node_modules', 'moleculer'))
  )
    return;
  if (existsSync(join(root, 'node_modules', '.package-lock.json')) && installedMatches()) {
    writeFileSync(stamp, wanted);
    return;
  }
  say('installing packages: npm ci');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    say('npm ci failed; its messages are above. Kalends needs its packages: see that the npm registry can be reached.');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** npm leaves a copy of what it installed: every package of the lock file has to be in it, in the same version. */
function installedMatches() {
  const read = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  const wanted = read(lock);
  const present = read(join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(
    ([name, one]) => name === '' || one.optional === true || present[name]?.version === one.version,
  );
}

/** The path of a Node that is new enough: this one, or the one among the packages; ends the process when there is none. */
export function nodePath() {
  if (Number(process.versions.node.split('.')[0]) >= needed) return process.execPath;
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(own)) return own;
  say(
    `Kalends needs Node ${needed} or newer, and this is ${process.versions.node}. Run \`npm ci\` in ${root}: it brings the right one.`,
  );
  return process.exit(1);
}

/** Runs a TypeScript file of the project in that Node, hands on the signals that stop it, and ends as it ends. */
export function run(/** @type {string} */ file, /** @type {string[]} */ args) {
  const node = nodePath();
  const path = [join(root, 'node_modules', '.bin'), dirname(node), process.env.PATH ?? ''].join(':');
  const env = { NODE_COMPILE_CACHE: codeCache, ...process.env, PATH: path };
  const child = spawn(node, [...process.execArgv, join(root, file), ...args], { stdio: 'inherit', env });
  // Whoever started this process knows its id alone: without this its end would leave a service behind that nobody stops.
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  // A terminal sends it to both of us.
  process.on('SIGINT', () => undefined);
  child.once('error', (error) => {
    sayWhyNot(error.message);
    process.exit(1);
  });
  child.once('exit', (status, signal) => {
    if (status === 127) sayWhyNot('status 127');
    if (signal === null) process.exit(status ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const sayWhyNot = (/** @type {string} */ reason) =>
  say(`the Node that npm installed does not start (${reason}); on Debian and Ubuntu: apt-get install libatomic1`);
