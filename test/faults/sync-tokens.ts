/** A sync token that a real server does not know any more: everything is listed and compared, never wiped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalendarId } from '../../domain/ids.ts';
import type { HttpResponse } from '../../providers/http.ts';
import { apiClient, type ApiClient, type Row } from '../support/api-client.ts';
import { rawClient, usable, type CalDavServer, type MissingServer, type RawClient } from '../support/caldav-server.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { firstSync, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';

const eventCount = 20;

export interface Refusal {
  /** A token that looks like the server's own, and is none. */
  readonly token: string;
  /** What it answers to it. */
  readonly status: number;
}

/** One describe per server. */
export async function forgottenTokens(
  name: string,
  start: () => Promise<CalDavServer | MissingServer>,
  refusal: Refusal,
): Promise<void> {
  const server = usable(name, await start());
  describe.skipIf(server === null)(`a sync token that ${name} does not know`, () => {
    let kalends: NodeUnderTest;
    let app: ApiClient;
    let person: RawClient;
    let work = '';
    let calendarId: CalendarId;
    const answers: number[] = [];

    beforeAll(async () => {
      if (server === null) return;
      person = rawClient(server);
      work = await server.makeCalendar('Work');
      for (let k = 0; k < eventCount; k += 1) {
        const body = icsOf({ uid: `event-${k}`, summary: `Meeting ${k}`, startMs: daysAhead(1 + k) });
        expect((await person.put(`${work}event-${k}.ics`, body)).status).toBeLessThan(300);
      }
      kalends = await startNode({
        around: { http: (http) => async (request) => noted(answers, request.body, refusal.token, await http(request)) },
      });
      const connection = await kalends.connectCalDav(server);
      await firstSync(kalends.ops, connection.profileId);
      app = apiClient(kalends.url, connection.token);
      calendarId = (await app.calendarId('Work')) as CalendarId;
    });

    afterAll(async () => {
      await kalends?.stop();
      await server?.stop();
    });

    it('leads to a listing that is compared with the cache', async () => {
      const all = '/v1/events?tzid=Etc/UTC&include_deleted=true';
      const before = new Map((await app.rows(all, 'events')).map((row) => [row['event_uid'], row]));
      expect(before.size).toBe(eventCount);
      await forget(kalends, calendarId, refusal.token);
      expect(
        (await person.put(`${work}event-3.ics`, icsOf({ uid: 'event-3', summary: 'Moved', startMs: daysAhead(9) })))
          .status,
      ).toBeLessThan(300);
      expect((await person.delete(`${work}event-4.ics`)).status).toBeLessThan(300);
      expect(
        (await person.put(`${work}new.ics`, icsOf({ uid: 'new', summary: 'New', startMs: daysAhead(3) }))).status,
      ).toBeLessThan(300);
      const rows = await until(
        'the difference',
        () => app.rows(all, 'events'),
        (seen) => seen.some((one) => one['deleted'] === true) && seen.some((one) => one['summary'] === 'New'),
      );
      expect(answers).toContain(refusal.status);
      const changed = rows.filter((row) => JSON.stringify(row) !== JSON.stringify(before.get(row['event_uid'])));
      expect(new Set(changed.map((one) => one['summary']))).toEqual(new Set(['Meeting 4', 'Moved', 'New']));
      expect(changed).toHaveLength(3);
      expect(rows.filter((one) => one['deleted'] === true).map((one) => one['summary'])).toEqual(['Meeting 4']);
    });

    it('proves the removal that only the listing hinted at', async () => {
      const rows = await app.rows('/v1/events?tzid=Etc/UTC&include_deleted=true', 'events');
      const gone = rows.find((one) => one['deleted'] === true);
      const story = await kalends.ops<{ history: Row[] }>('explain', { event: String(gone?.['event_uid']) });
      expect(story.history.at(-1)).toMatchObject({ what: 'removed', evidence: { kind: 'direct_get', status: 404 } });
    });

    it('is replaced by one that works', async () => {
      const token = async () => (await kalends.node.documents.get('checkpoints', calendarId))?.token ?? null;
      await until('another token', token, (one) => one !== null && one !== refusal.token);
      expect((await person.delete(`${work}event-5.ics`)).status).toBeLessThan(300);
      await until(
        'the next change',
        () => app.rows('/v1/events?tzid=Etc/UTC', 'events'),
        (rows) => !rows.some((one) => one['summary'] === 'Meeting 5'),
      );
      expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
    });
  });
}

function noted(answers: number[], body: string | undefined, token: string, answer: HttpResponse): HttpResponse {
  if (body?.includes(token) === true) answers.push(answer.status);
  return answer;
}

/** As if the server had lost its history: the token that the next delta asks with is none of its own. */
async function forget(kalends: NodeUnderTest, calendarId: CalendarId, token: string): Promise<void> {
  const { documents } = kalends.node;
  await until('the checkpoint to be changed', async () => {
    const checkpoint = await documents.get('checkpoints', calendarId);
    if (checkpoint === null || checkpoint.token === null) return false;
    return documents.replace('checkpoints', { ...checkpoint, token, rev: checkpoint.rev + 1 }, checkpoint.rev);
  });
}
