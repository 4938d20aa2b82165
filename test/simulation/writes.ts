/** What became of every accepted write at the calendar server: it ended as it was accepted, in order, with one effect (I4). */
import type { Application, Asking, Row } from './application.ts';
import type { Member } from './cast.ts';
import { ownRef, type People } from './people.ts';
import { shownBy, textOf } from './reader.ts';
import type { Simulation } from './simulation.ts';
import type { Effect, Watch } from './watch.ts';
import { unended, wishesOf, type Wished } from './wishes.ts';

export const contentsOf = (simulation: Simulation, login: string): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const ofLogin = `/calendars/${login}/`;
  const all = [...simulation.server.world.contents(login)];
  return new Map(all.map(([path, bodies]) => [path.slice(ofLogin.length), bodies]));
};

/** I4: what was answered with 202 ended, with a reason where it failed, and is at the server as it was asked for in order. */
export async function writesEndedAsAccepted(
  simulation: Simulation,
  { app, profileId, login, refs }: Member,
): Promise<void> {
  const { watch } = simulation;
  const intents = await watch.store.find('intentsOfProfile', { profileId });
  const byOperation = new Map(intents.map((one) => [one.operationId as string, one]));
  for (const problem of unended(app, byOperation)) watch.violated('I4', problem);
  const contents = contentsOf(simulation, login);
  for (const [key, wishes] of wishesOf(app, byOperation, watch.wasGone)) {
    const [calendarId, eventId = ''] = key.split(' ');
    const ref = refs[app.calendars.findIndex((id) => id === calendarId)] ?? '';
    const possible = wishes.map((wish): Wanted => ({ app, login, calendarId, calendar: ownRef(ref), eventId, wish }));
    const shown = shownOf(simulation, { calendar: ownRef(ref), eventId }, contents.get(ref) ?? new Map());
    const problems = possible.map((wanted) => unlikeWished(simulation, wanted, shown));
    const met = possible[problems.indexOf(null)];
    if (met === undefined) {
      watch.violated('I4', `${eventId} in ${ref} of ${login} ${problems.join('; or ')}`);
      continue;
    }
    // Whose it is nobody can tell when it is not known whether it was written.
    const taken = wishes.includes(null) ? [] : takenForOthers(simulation, met, shown);
    if (taken.length > 0)
      watch.violated('I10', `${app.name} takes ${eventId} in ${ref} for somebody else's: ${JSON.stringify(taken)}`);
  }
}

interface Wanted {
  readonly app: Application;
  readonly login: string;
  readonly calendarId: string | undefined;
  /** As its owner knows it. */
  readonly calendar: string;
  readonly eventId: string;
  readonly wish: Wished;
}

type Named = readonly (readonly [name: string, body: string])[];

/** What stands there of the event, whoever gave it its name. */
function shownOf(
  { watch }: Simulation,
  { calendar, eventId }: Pick<Wanted, 'calendar' | 'eventId'>,
  bodies: ReadonlyMap<string, string>,
): Named {
  const all = [...bodies].filter(
    ([name, body]) => name.startsWith('kalends-') && summaryOf(body).endsWith(` ${eventId}`),
  );
  return all.length > 1 ? all.filter(([name]) => !isMadeAnew(watch, calendar + name)) : all;
}

const certainOf = (simulation: Simulation, wanted: Wanted, shown: Named): Named =>
  shown.filter(([name]) => !couldBeMissed(simulation, wanted, name));

/** How what stands there is not what was wanted, for people; null: it is, or may be so for a reason that is named here. */
function unlikeWished(simulation: Simulation, wanted: Wanted, shown: Named): string | null {
  const problem = unlikeAlone(simulation, wanted, shown);
  const certain = certainOf(simulation, wanted, shown);
  if (problem === null || certain.length === shown.length) return problem;
  return unlikeAlone(simulation, wanted, certain);
}

/** What the application wrote, moved or not, and reads without its own name for it. */
function takenForOthers(simulation: Simulation, wanted: Wanted, shown: Named): readonly Row[] {
  const { app, calendarId, eventId, wish } = wanted;
  if (wish === null || shown.length !== 1 || certainOf(simulation, wanted, shown).length !== 1) return [];
  return [...app.mirror.values()].filter(
    (row) =>
      row['deleted'] !== true &&
      row['calendar_id'] === calendarId &&
      row['event_id'] !== eventId &&
      String(row['summary']).endsWith(` ${eventId}`),
  );
}

function unlikeAlone(simulation: Simulation, { calendar, wish }: Wanted, shown: Named): string | null {
  const { watch, people } = simulation;
  const [first] = shown;
  const written = wish === null ? undefined : lastWritten(watch, calendar, wish);
  if (shown.length === 0 && written !== undefined && wasRemovedSince(simulation, written)) return null;
  const asked = `was asked to be ${JSON.stringify(wish)} and is ${JSON.stringify(shown)}`;
  if (wish === null || first === undefined || shown.length > 1)
    return wish === null && first === undefined ? null : asked;
  const [name, body] = first;
  const resource = calendar + name;
  // The server kept less than it was sent, or a person chose another place, after it was written or where none was asked for.
  const placedAtMs = people.placedAtMs.get(resource);
  const placeIsOthers =
    written?.faults.includes('put_drops_location') === true ||
    (placedAtMs !== undefined && (wish.location === undefined || placedAtMs >= (written?.atMs ?? 0)));
  const told = (location: string, description: string): string =>
    [iso(wish.startMs), iso(wish.endMs), wish.summary, location, description].join(' | ');
  const place = placeIsOthers ? textOf(body, 'LOCATION') : (wish.location ?? '');
  return shownBy(body).join(', ') === told(place, wish.description ?? '') ? null : asked;
}

/**
 * What a person moved is found by the next listing or delta that claims to be whole. One that leaves something out may
 * have left out this; one that its server does not show when it is asked for is set aside, and may be anything; and a
 * server that looks at no precondition makes the old name anew beside it.
 */
function couldBeMissed({ watch, people }: Simulation, { login, calendar }: Wanted, name: string): boolean {
  const moves = movesTo(people, calendar + name);
  const remade = watch.effects.some(
    ({ kind, resource, faults }) =>
      kind === 'created' && moves.some((one) => one.from === resource) && faults.includes('preconditions_ignored'),
  );
  const concealed = watch.omissions.some(
    (one) =>
      one.login === login &&
      one.calendar === calendar &&
      moves.some(({ to, atMs }) => (one.name === null || calendar + one.name === to) && one.atMs >= atMs),
  );
  return remade || concealed;
}

/** From name to name until it had this one; the last comes first. */
function movesTo({ moved }: People, resource: string) {
  const moves: { readonly to: string; readonly from: string; readonly atMs: number }[] = [];
  for (let to = resource, move = moved.get(to); move !== undefined; to = move.from, move = moved.get(to))
    moves.push({ to, ...move });
  return moves;
}

/** With those that people gave it. A name is given once, and none that came later can be that of an earlier one. */
function namesOf({ moved }: People, resource: string): readonly string[] {
  const all = new Set([resource]);
  for (const [to, { from }] of moved) if (all.has(from)) all.add(to);
  return [...all];
}

const removalsOf = ({ effects }: Watch, resource: string): readonly Effect[] =>
  effects.filter((one) => one.kind === 'removed' && one.resource === resource);

/** What was given another name was not removed. */
function removedByPeople(watch: Watch, { removals, moved }: People, resource: string): number {
  const movedAway = [...moved.values()].filter((one) => one.from === resource).length;
  return (removals.get(resource) ?? 0) - movedAway - removalsOf(watch, resource).length;
}

/**
 * By a person; or by a DELETE that was answered with 404 and whose permission ended while Kalends looked for the event
 * under another name: it may as well have come after somebody else's.
 */
const wasRemovedSince = ({ watch, people }: Simulation, { resource, atMs }: Effect): boolean =>
  namesOf(people, resource).some(
    (name) =>
      (people.removedAtMs.get(name) ?? 0) >= atMs ||
      removalsOf(watch, name).some((one) => one.atMs >= atMs && one.faults.includes('delete_404')),
  );

/**
 * On a server that looks at no precondition an update that comes late, after its life was ended and the next one began,
 * makes the old life anew: known, and left to people.
 */
const isMadeAnew = ({ effects }: Watch, resource: string): boolean =>
  effects.some(
    (one) =>
      one.resource === resource && one.faults.includes('effect_late') && one.faults.includes('preconditions_ignored'),
  );

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** The last PUT of the last write that was asked for: a person may have removed what it left, and nothing after it would be missing. */
const lastWritten = ({ effects }: Watch, calendar: string, { summary }: Asking): Effect | undefined =>
  effects.findLast(({ marker, event, resource }) => `${marker} ${event}` === summary && resource.startsWith(calendar));

const summaryOf = (body: string): string => textOf(body, 'SUMMARY');

/** Each write had its effect at the server once at most, and each name came and went once at most. */
export function effectsHappenedOnce({ watch, people }: Simulation): void {
  const byResource = Map.groupBy(watch.effects, (one) => one.resource);
  for (const [resource, all] of byResource) {
    // A server that looks at no precondition makes what was removed meanwhile anew.
    const anewUntil = (last: Effect): number => all.slice(0, all.indexOf(last) + 1).filter(isUnheeded).length;
    // What a person removed before anybody saw it may as well never have come to be.
    const names = namesOf(people, resource);
    const unseen = names.reduce((sum, one) => sum + removedByPeople(watch, people, one), 0);
    const tooMany = (kind: Effect['kind'], forgiven: number): boolean =>
      all
        .filter((one) => one.kind === kind && !isUnheeded(one))
        .some((one, before) => before > forgiven + anewUntil(one));
    if (tooMany('removed', 0)) watch.violated('I4', `${resource} was removed more than once`);
    if (tooMany('created', unseen)) watch.violated('I4', `${resource} was created more than once`);
    const puts = all.filter((one) => one.marker !== null && !isUnheeded(one));
    for (const [at, put] of puts.entries()) {
      const before = puts.slice(0, at).findLast((one) => one.marker === put.marker);
      if (before === undefined || isToldAgain(all, before, put)) continue;
      const meddled = people.meddledWith.get(resource) ?? [];
      if (!meddled.some((atMs) => before.atMs <= atMs && atMs <= put.atMs))
        watch.violated('I4', `${String(put.marker)} was written to ${resource} twice`);
    }
  }
}

const isUnheeded = ({ faults }: Effect): boolean => faults.includes('preconditions_ignored');

/**
 * Nor can a write be recognised by what a server made of it; and what a server that looks at no precondition let overwrite
 * a later write is written again.
 */
function isToldAgain(all: readonly Effect[], before: Effect, again: Effect): boolean {
  const changed = before.faults.some((one) => one === 'put_rewrites_body' || one === 'put_drops_location');
  return changed || all.slice(0, all.indexOf(again)).some(isUnheeded);
}
