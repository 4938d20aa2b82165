/** The server of the CalDAV bench: a real Radicale whose folder was filled directly, with its cache built. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isMissing, rawClient } from '../../test/support/caldav-server.ts';
import { startRadicale } from '../../test/support/radicale.ts';
import { ensureSystemPackages } from '../../tools/setup/system.ts';
import { benchEvents, changedEvent, type BenchEvent } from '../kit/bodies.ts';
import { subject as raw, type CalendarAccess } from './raw.ts';

export interface BenchServer {
  readonly access: CalendarAccess;
  /** Where the server keeps the calendar's files. */
  readonly folder: string;
  /** A scratch folder of the bench. */
  readonly scratch: string;
  /** How often the server was asked for anything in this calendar or about it, by its own log. */
  requests(): number;
  /** A person changes this many events and removes others; answers the file names of the changed ones. */
  edit(updates: number, removals: number, note: string): Promise<readonly string[]>;
  /** Puts back what the last edit removed. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects where this machine has no Radicale and cannot get one. */
export async function startBenchServer(count: number, log: (line: string) => void): Promise<BenchServer> {
  await ensureSystemPackages(['radicale'], log);
  const server = await startRadicale();
  if (isMissing(server)) throw new Error(`the CalDAV bench needs a Radicale: ${server.missing}`);
  const scratch = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  try {
    const calendarUrl = await server.makeCalendar('Work');
    const folder = join(dirname(server.logFile), 'collections', 'collection-root', new URL(calendarUrl).pathname);
    const events = benchEvents(count, Date.now());
    for (const { name, body } of events) writeFileSync(join(folder, name), body);
    const person = rawClient(server);
    const startedAt = performance.now();
    const listed = await person.list(calendarUrl);
    log(`${listed.size} events; the server's cache took ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    if (listed.size !== count) throw new Error(`the server lists ${listed.size} of ${count} events`);
    const { username, password } = server;
    const access = { calendarUrl, username, password };
    await settle(access);
    return {
      access,
      folder,
      scratch,
      requests: () => readFileSync(server.logFile, 'utf8').split(' request for ').length - 1,
      ...editing(events, access),
      stop: async () => {
        await server.stop();
        rmSync(scratch, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

/** One of each report: the server does its own bookkeeping before anybody is measured. */
async function settle(access: CalendarAccess): Promise<void> {
  await raw.same(access);
  await raw.first(access);
}

function editing(events: readonly BenchEvent[], access: CalendarAccess): Pick<BenchServer, 'edit' | 'restore'> {
  const { calendarUrl } = access;
  const person = rawClient(access);
  let removed: readonly BenchEvent[] = [];
  let round = 0;
  const put = async ({ name }: BenchEvent, body: string): Promise<void> => {
    const { status } = await person.put(calendarUrl + name, body);
    if (status >= 300) throw new Error(`the server refused ${name} with ${status}`);
  };
  return {
    edit: async (updates, removals, note) => {
      // Others in each round, so that every update is one.
      const at = (round * (updates + removals)) % Math.max(1, events.length - updates - removals);
      round += 1;
      const changed = events.slice(at, at + updates);
      removed = events.slice(at + updates, at + updates + removals);
      for (const one of changed) await put(one, changedEvent(one.body, note));
      for (const { name } of removed) {
        const { status } = await person.delete(calendarUrl + name);
        if (status >= 300) throw new Error(`the server refused to delete ${name} with ${status}`);
      }
      return changed.map((one) => one.name);
    },
    restore: async () => {
      for (const one of removed) await put(one, one.body);
      removed = [];
      await settle(access);
    },
  };
}
