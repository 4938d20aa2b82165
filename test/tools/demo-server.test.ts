/** The demo where little is installed: Radicale comes from a virtual environment, else the model takes its place and says so. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startCalendarServer } from '../../tools/demo/calendar-server.ts';
import { locate, repositoryRoot } from '../../tools/setup/locate.ts';
import { installInVirtualEnvironment } from '../../tools/setup/virtual-environment.ts';
import { scratch } from '../support/scratch.ts';

const at = scratch();
/** What a machine without a package manager, a Python and a calendar server has; with what the tests' own programs need. */
const plainPrograms = ['sh', 'cat', 'sleep', 'rm', 'mkdir', 'chmod', 'cp'];

let folder = '';
let environment = '';

beforeEach(() => {
  folder = at('bin');
  environment = at('venv');
  mkdirSync(folder);
  for (const name of plainPrograms) symlinkSync(locate(name) ?? '', join(folder, name));
  vi.stubEnv('PATH', folder);
  vi.stubEnv('TEST_VENV', environment);
});
afterEach(() => vi.unstubAllEnvs());

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Answers whatever a Radicale is asked while it starts and is filled, and shows nothing of it. */
const forgetful = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const port = Number(/hosts = .*:(\\d+)/.exec(readFileSync(process.argv[3], 'utf8'))[1]);
const statuses = { PROPFIND: 207, MKCALENDAR: 201, PUT: 201 };
createServer((request, response) => {
  request.resume();
  response.writeHead(statuses[request.method] ?? 200).end('<multistatus xmlns="DAV:"/>');
}).listen(port, '127.0.0.1');
`;

/** A Python whose virtual environments bring this Radicale when they are asked for one. */
function python(radicale = `exec ${process.execPath} ${folder}/radicale.mjs "$@"`): void {
  writeFileSync(join(folder, 'radicale.mjs'), forgetful);
  writeFileSync(join(folder, 'the-radicale'), `#!/bin/sh\n[ "$1" = --version ] && echo 3 && exit\n${radicale}\n`);
  writeFileSync(
    join(folder, 'the-python'),
    `#!/bin/sh
here="\${0%/*}"
echo "$@" >>${folder}/asked
case "$*" in *install*radicale*) cp ${folder}/the-radicale "$here/radicale" && chmod 755 "$here/radicale";; esac
`,
  );
  program(
    'python3',
    `echo "$@" >>${folder}/asked; mkdir -p "$4/bin" && cp ${folder}/the-python "$4/bin/python" && chmod 755 "$4/bin/python"`,
  );
}

const asked = (): readonly string[] => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

describe('a virtual environment', () => {
  test('is made once, and brings the versions that the facts were measured with', async () => {
    python();
    expect(await installInVirtualEnvironment('radicale')).toBeNull();
    expect(locate('radicale')).toBe(join(environment, 'bin/radicale'));
    expect(await installInVirtualEnvironment('radicale')).toBeNull();
    const install = '-m pip install --quiet --disable-pip-version-check radicale==3.1.8 setuptools<81';
    expect(asked()).toEqual([`-m venv --clear ${environment}`, install, '-m pip --version', install]);
  });

  test.each<[string, () => void, RegExp]>([
    ['there is no Python', () => undefined, /^there is no python3$/],
    [
      'Python cannot make one',
      () => program('python3', 'echo no ensurepip; exit 1'),
      /^python3 -m venv: no ensurepip$/,
    ],
    [
      'nothing can be installed',
      () =>
        program(
          'python3',
          `mkdir -p "$4/bin"; printf '#!/bin/sh\\necho no network; exit 1\\n' >"$4/bin/python"; chmod 755 "$4/bin/python"`,
        ),
      /^pip install radicale==3\.1\.8 .*: no network$/,
    ],
  ])('that cannot be had is no error but a reason: %s', async (_why, prepare, reason) => {
    prepare();
    expect(await installInVirtualEnvironment('radicale')).toMatch(reason);
  });

  test('in which the program does not run is one that has none', async () => {
    python();
    writeFileSync(join(folder, 'the-radicale'), '#!/bin/sh\necho no module named pkg_resources\nexit 1\n');
    expect(await installInVirtualEnvironment('radicale')).toBe(
      'radicale was installed but does not run: no module named pkg_resources',
    );
    expect(locate('radicale')).toBeNull();
  });
});

describe("the demo's calendar server", () => {
  test('is a Radicale from a virtual environment where there are no system packages', async () => {
    python();
    const said: string[] = [];
    const { server, description } = await startCalendarServer((line) => said.push(line));
    await server.stop();
    expect([server.software, description]).toEqual(['radicale', 'a real Radicale']);
    expect(said).toContain('python3 -m venv and pip install radicale');
  });

  test.each<[string, () => void, string]>([
    ['can be had', () => undefined, 'there is no python3'],
    [
      'runs',
      () => {
        python();
        writeFileSync(join(folder, 'the-radicale'), '#!/bin/sh\nexit 1\n');
      },
      'radicale was installed but does not run: ended with 1',
    ],
  ])('is the model of the test suite where no Radicale %s, and it says so and why', async (_what, prepare, why) => {
    prepare();
    const said: string[] = [];
    const { server, description } = await startCalendarServer((line) => said.push(line));
    await server.stop();
    expect(server.software).toBe('model');
    expect(description).toBe('the model CalDAV server of the test suite, in place of a real one');
    expect(said.at(-1)).toBe(
      `no Radicale can be had here (there is no apt-get (not Debian or Ubuntu); ${why}): the test suite's own model CalDAV server takes its place`,
    );
  });
});

describe('npm run demo -- --exit', () => {
  async function demo(): Promise<{ readonly status: number | null; readonly printed: string }> {
    const tool = join(repositoryRoot, 'tools/demo/demo.ts');
    const child = spawn(process.execPath, [tool, '--exit'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const printed = await text(child.stdout);
    return { status: await ended, printed };
  }

  test('ends with 0 on the model server too, and tells which it was', { timeout: 120_000 }, async () => {
    const { status, printed } = await demo();
    expect(printed).toContain('the model CalDAV server of the test suite, in place of a real one at http://127.0.0.1:');
    expect(printed).toMatch(/\n\d+ things verified in [\d.]+ s\.\n$/);
    expect(status).toBe(0);
  });

  test('ends with another status and the reason when a step is not as it should be', async () => {
    python();
    const { status, printed } = await demo();
    expect(printed).toContain('python3 -m venv and pip install radicale');
    expect(printed).toMatch(/\nThe demo stopped: not so: 100 events are in http:\S+\n$/);
    expect(status).toBe(1);
  });

  test('and when the calendar server does not start', async () => {
    python('echo the disk is on fire; exit 3');
    const { status, printed } = await demo();
    expect(printed).toMatch(/\nThe demo stopped: .*radicale ended with 3 before it was ready\nthe disk is on fire\n/);
    expect(status).toBe(1);
    expect(existsSync(environment)).toBe(true);
  });
});
