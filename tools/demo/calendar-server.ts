/** The calendar server of the demo: a real Radicale where one can be had, else the model server of the test suite. */
import { startModelServer } from '../../test/support/caldav-model/mount.ts';
import { isMissing, rawClient, type CalDavServer } from '../../test/support/caldav-server.ts';
import { startRadicale } from '../../test/support/radicale.ts';
import { ensureSystemPackages } from '../setup/system.ts';

export interface DemoServer {
  readonly server: CalDavServer;
  /** What to tell the reader about it. */
  readonly description: string;
}

export async function startCalendarServer(log: (text: string) => void): Promise<DemoServer> {
  const { radicale } = await ensureSystemPackages(['radicale'], log);
  const started = typeof radicale === 'object' ? radicale : await startRadicale();
  if (!isMissing(started)) return { server: started, description: 'a real Radicale' };
  log(`no Radicale can be had here (${started.missing}): the test suite's own model CalDAV server takes its place`);
  return {
    server: await startModelServer(),
    description: 'the model CalDAV server of the test suite, in place of a real one',
  };
}

/** An event as a person's calendar program would store it. */
export function eventBody(uid: string, summary: string, start: Date, minutes: number): string {
  const stamp = (date: Date): string => date.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const end = new Date(start.getTime() + minutes * 60_000);
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//A person//Some calendar program//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    `DTSTAMP:${stamp(new Date())}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(end)}`,
    `SUMMARY:${summary.replaceAll(/[\\;,]/g, String.raw`\$&`)}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** Fills a calendar, eight requests at a time. */
export async function fill(server: CalDavServer, calendar: string, bodies: readonly string[]): Promise<void> {
  const client = rawClient(server);
  const queue = bodies.entries();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const [index, body] of queue) {
        const { status } = await client.put(`${calendar}event-${index}.ics`, body);
        if (status >= 300) throw new Error(`the calendar server refused an event with ${status}`);
      }
    }),
  );
}
