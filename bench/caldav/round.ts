/** One round of the CalDAV bench: everyone in a fresh process, one after another, on the same calendar. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { demandEqual, type Reading } from '../kit/answers.ts';
import { startSubject, withSubject, type Subject } from '../kit/processes.ts';
import { startFlags } from '../kit/start-flags.ts';
import type { DomainCost } from './domain-cost.ts';
import type { Polled, Synced } from './kalends.ts';
import type { RawAnswer } from './raw.ts';
import type { BenchServer } from './server.ts';
import type { Mirror, Vdirsyncer } from './vdirsyncer.ts';

export interface CalDavSize {
  readonly events: number;
  readonly updates: number;
  readonly removals: number;
}

/** Measured twice in one process: with code that never ran before, and then warm. */
export interface Twice<T> {
  readonly cold: T;
  readonly warm: T;
}

export interface Round {
  /** Version and bodies, the least that a first sync can ask; and what Kalends asks. */
  readonly raw: Twice<RawAnswer> & { readonly same: RawAnswer };
  readonly domain: Twice<DomainCost>;
  readonly icalJs: Twice<number>;
  readonly sync: Twice<Synced>;
  readonly unchanged: { readonly raw: RawAnswer; readonly poll: Polled };
  readonly changed: { readonly raw: RawAnswer; readonly poll: Polled };
  /** The largest resident size of a process that does all of this once. */
  readonly memory: { readonly firstSync: number; readonly all: number };
  readonly tsdav: Twice<number> & { readonly unchanged: number; readonly changed: number };
  readonly vdirsyncer: { readonly first: number; readonly unchanged: number; readonly changed: number } | null;
}

interface Stage {
  readonly server: BenchServer;
  readonly size: CalDavSize;
  readonly folder: string;
  readonly round: number;
  readonly raw: Subject;
  readonly kalends: Subject;
  /** Kalends again, with one calendar that is synced once: what it takes of memory is asked here. */
  readonly lone: Subject;
  readonly tsdav: Subject;
  readonly mirror: Mirror | null;
}

/** Everyone's first sync, then everyone's pull without change, then the edit and everyone's pull of it. */
export async function oneRound(
  server: BenchServer,
  size: CalDavSize,
  vdirsyncer: Vdirsyncer | null,
  round: number,
): Promise<Round> {
  const folder = join(server.scratch, `round-${round}`);
  mkdirSync(folder);
  const subjects = {
    raw: startSubject('caldav.raw'),
    kalends: startSubject('caldav.kalends'),
    lone: startSubject('caldav.kalends', startFlags()),
    tsdav: startSubject('caldav.tsdav'),
  };
  try {
    const mirror = vdirsyncer === null ? null : await vdirsyncer.mirror(server.access, join(folder, 'vdirsyncer'));
    return await roundOf({ server, size, folder, round, mirror, ...subjects });
  } finally {
    for (const subject of Object.values(subjects)) await subject.stop();
  }
}

async function roundOf(stage: Stage): Promise<Round> {
  const { server, size, raw, kalends, lone, tsdav } = stage;
  const firsts = await firstSyncs(stage);
  await lone.ask('start', { folder: join(stage.folder, 'lone') });
  const only = await lone.ask<Synced>('sync', { ...server.access, app: 'only' });
  const { profileId } = firsts.sync.warm;
  const token = await raw.ask<string>('token', server.access);
  await tsdav.ask('startFrom', { token });

  const unchanged = {
    raw: await raw.ask<RawAnswer>('unchanged', { ...server.access, token }),
    poll: await pullOnce(stage, kalends, profileId),
  };
  const tsdavUnchanged = await syncTsdav(stage, 0, 0);
  const mirrorUnchanged = await syncMirror(stage, size.events);

  await pullOnce(stage, lone, only.profileId);
  const changed = await pullChanged(stage, profileId, token);
  const last = await pullOnce(stage, lone, only.profileId);
  const tsdavChanged = await syncTsdav(stage, size.updates, size.removals);
  const mirrorChanged = await syncMirror(stage, size.events - size.removals);
  await compareReadings(stage, profileId);
  await server.restore();
  return {
    ...firsts,
    unchanged,
    changed,
    memory: { firstSync: only.peakBytes, all: last.peakBytes },
    tsdav: { ...firsts.tsdav, unchanged: tsdavUnchanged, changed: tsdavChanged },
    vdirsyncer:
      firsts.mirror === null || mirrorUnchanged === null || mirrorChanged === null
        ? null
        : { first: firsts.mirror, unchanged: mirrorUnchanged, changed: mirrorChanged },
  };
}

async function firstSyncs(stage: Stage) {
  const { server, size, folder, raw, kalends, tsdav } = stage;
  const { access } = server;
  const rawFirst = (action: string): Promise<RawAnswer> => raw.ask<RawAnswer>(action, access);
  const floor = { cold: await rawFirst('first'), warm: await rawFirst('first'), same: await rawFirst('same') };
  await kalends.ask('start', { folder });
  const sync = {
    cold: await kalends.ask<Synced>('sync', { ...access, app: 'first' }),
    warm: await kalends.ask<Synced>('sync', { ...access, app: 'second' }),
  };
  const { profileId } = sync.warm;
  const { day } = await kalends.ask<Window>('window', { profileId });
  const domain = await withSubject('caldav.domain', (subject) =>
    subject.ask<Twice<DomainCost>>('measure', { ...access, day }),
  );
  const independent = await compareReadings(stage, profileId);
  demandEqual('occurrences laid out by the domain alone', domain.warm.occurrences, independent.occurrences);
  const fetched = await tsdav.ask<Twice<number> & { resources: number }>('first', access);
  demandEqual('objects fetched by tsdav', fetched.resources, size.events);
  const mirror = await syncMirror(stage, size.events);
  const { cold, warm } = independent;
  return {
    raw: floor,
    domain,
    icalJs: { cold, warm },
    sync,
    tsdav: { cold: fetched.cold, warm: fetched.warm },
    mirror,
  };
}

interface Window {
  readonly day: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What Kalends serves must be what ical.js reads in the server's own files. */
async function compareReadings({ server, kalends }: Stage, profileId: string): Promise<Reading & Twice<number>> {
  const { fromMs, toMs } = await kalends.ask<Window>('window', { profileId });
  const independent = await withSubject('caldav.reading', (subject) =>
    subject.ask<Reading & Twice<number>>('read', { folder: server.folder, fromMs, toMs }),
  );
  const { resources, occurrences, digest } = independent;
  demandEqual('what Kalends cached', await kalends.ask('read', { profileId }), { resources, occurrences, digest });
  return independent;
}

/** One pull; what Kalends says that it asked is what the server's own log says. */
async function pullOnce({ server }: Stage, kalends: Subject, profileId: string): Promise<Polled> {
  const before = server.requests();
  const polled = await kalends.ask<Polled>('poll', { profileId });
  demandEqual('requests of a pull, by the log of the server', polled.requests.length, server.requests() - before);
  return polled;
}

/** Whoever asks first after an edit pays for the server's own bookkeeping: they take turns. */
async function pullChanged(stage: Stage, profileId: string, token: string): Promise<Round['changed']> {
  const { server, size, kalends, raw, round } = stage;
  const names = await server.edit(size.updates, size.removals, `round ${round}`);
  const pull = (): Promise<Polled> => pullOnce(stage, kalends, profileId);
  const ask = (): Promise<RawAnswer> => raw.ask<RawAnswer>('changed', { ...server.access, token, names });
  if (round % 2 === 0) return { raw: await ask(), poll: await pull() };
  const pulled = await pull();
  return { poll: pulled, raw: await ask() };
}

async function syncTsdav({ tsdav }: Stage, updated: number, deleted: number): Promise<number> {
  const synced = await tsdav.ask<{ ms: number; created: number; updated: number; deleted: number }>('sync');
  const { ms, ...counts } = synced;
  demandEqual('what tsdav found changed', counts, { created: 0, updated, deleted });
  return ms;
}

async function syncMirror({ mirror }: Stage, events: number): Promise<number | null> {
  if (mirror === null) return null;
  const ms = await mirror.sync();
  demandEqual('files mirrored by vdirsyncer', mirror.count(), events);
  return ms;
}
