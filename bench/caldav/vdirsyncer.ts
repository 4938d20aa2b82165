/** A peer: vdirsyncer, which mirrors the calendar into a folder of files; a process for each run, as people use it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aptInstall, aptObstacle, aptUpdate } from '../../tools/setup/apt.ts';
import { locate } from '../../tools/setup/locate.ts';
import type { CalendarAccess } from './raw.ts';

const run = promisify(execFile);

export interface Vdirsyncer {
  readonly version: string;
  /** A new mirror, connected and empty. */
  mirror(access: CalendarAccess, folder: string): Promise<Mirror>;
}

export interface Mirror {
  /** Milliseconds of one run, its process start included. */
  sync(): Promise<number>;
  count(): number;
}

/** Installs it where the system's packages can be had; null, with the reason in the log, where not. */
export async function findVdirsyncer(log: (line: string) => void): Promise<Vdirsyncer | null> {
  if (locate('vdirsyncer') === null) {
    const obstacle = await aptObstacle();
    if (obstacle === null) {
      log('apt-get install vdirsyncer');
      await aptUpdate();
      await aptInstall(['vdirsyncer']);
    } else log(`vdirsyncer is missing and cannot be installed: ${obstacle}`);
  }
  const command = locate('vdirsyncer');
  if (command === null) {
    log('vdirsyncer is missing: its figures are left out');
    return null;
  }
  const { stdout } = await run(command, ['--version']);
  const version = /[\d.]+/.exec(stdout)?.[0] ?? 'unknown';
  return { version, mirror: (access, folder) => openMirror(command, access, folder) };
}

async function openMirror(command: string, access: CalendarAccess, folder: string): Promise<Mirror> {
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  const config = join(folder, 'config');
  writeFileSync(config, settings(access, folder, files));
  await run(command, ['--config', config, 'discover', 'bench'], { cwd: folder });
  return {
    sync: async () => {
      const startedAt = performance.now();
      // Its own guard against emptied calendars is not in question here.
      await run(command, ['--config', config, 'sync'], { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
      return performance.now() - startedAt;
    },
    count: () => readdirSync(files).filter((name) => name.endsWith('.ics')).length,
  };
}

const settings = (access: CalendarAccess, folder: string, files: string): string => `[general]
status_path = "${join(folder, 'status')}"

[pair bench]
a = "server"
b = "files"
collections = null
conflict_resolution = "a wins"

[storage server]
type = "caldav"
url = "${access.calendarUrl}"
username = "${access.username}"
password = "${access.password}"

[storage files]
type = "filesystem"
path = "${files}"
fileext = ".ics"
`;
