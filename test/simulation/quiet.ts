/** The quiet after the last fault: everything comes to rest by itself, and then mirror, cache and calendar are one (I4, I9, I10). */
import { horizon } from '../../config/policies.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { compareWithRebuild } from '../../store/rebuild.ts';
import type { Application, Asking, Row } from './application.ts';
import type { Member } from './cast.ts';
import { ownRef, shownBy, type People } from './people.ts';
import type { Simulation } from './simulation.ts';
import type { Effect, Watch } from './watch.ts';

const minute = 60_000;
/** Effects that come late have come by then. */
const lateEffectsMs = 2 * minute;
/** Probes are six hours apart at most, and may be wanted twice; after them comes a listing. */
const restWithinMs = 60 * 60 * minute;
const checkEvery = 40;

/** Rejects, or notes a violation, when the world does not come to rest as it must. */
export async function comeToRest(simulation: Simulation): Promise<void> {
  const { scheduler, watch } = simulation;
  await simulation.mend();
  const mendedMs = scheduler.now();
  const restMs = mendedMs + restWithinMs;
  let why: string | null = 'not looked yet';
  let nextCheck = 0;
  for (let step = 0; why !== null; step += 1) {
    if (watch.violations.length > 0) return;
    if (scheduler.now() > restMs)
      return watch.violated('I10', `there is no rest ${restWithinMs / minute} min after the last fault: ${why}`);
    if (step >= nextCheck && scheduler.waiting() === 0) {
      nextCheck = step + checkEvery;
      why =
        scheduler.now() < mendedMs + lateEffectsMs
          ? 'late effects'
          : await restless(simulation, mendedMs + lateEffectsMs);
      if (why === null) break;
      letApplicationsRead(simulation);
    }
    await simulation.step();
  }
  await checkAll(simulation);
}

function letApplicationsRead(simulation: Simulation): void {
  if (simulation.underWay() > 0) return;
  for (const { app } of simulation.cast) {
    if (app.behind() === null) continue;
    simulation.as(app, 0, async (node) => {
      await app.begin(node);
      await app.catchUp(node);
    });
  }
}

/** Why there is no rest yet, for people; null: everything has been looked at since, and nobody has anything left to do. */
async function restless(simulation: Simulation, sinceMs: number): Promise<string | null> {
  const { watch, cast, world } = simulation;
  const { store } = watch;
  if (simulation.underWay() > 0) return `${simulation.underWay()} calls of applications were not answered`;
  for (const { app, profileId, login, refs } of cast) {
    const profile = await store.get('profiles', profileId);
    if (profile === null) return 'a profile is gone';
    const { state } = profile;
    if (state.name === 'relink_required') {
      // The person types the password again.
      const next = { ...profile, requests: [...profile.requests, 'relinked' as const], rev: profile.rev + 1 };
      if (profile.requests.length === 0 && (await store.replace('profiles', next, profile.rev)))
        for (const node of world.nodes()) node.nudge(profileId);
      return `${login} must consent again`;
    }
    if (state.name !== 'live') return `${login} is ${state.name}`;
    if (Object.keys(profile.calendars).length < refs.length) return `${login} has calendars that were not found yet`;
    for (const [calendarId, work] of Object.entries(profile.calendars)) {
      if (work.state.name !== 'live') return `a calendar of ${login} is ${work.state.name}`;
      const checkpoint = await store.get('checkpoints', calendarId);
      // Two minutes for clocks that are apart.
      const lastMs = Math.max(sinceMs, watch.lastEffectMs()) + lateEffectsMs;
      if ((work.freshAtMs ?? 0) < lastMs) return `a calendar of ${login} was not read yet`;
      if ((checkpoint?.listedAtMs ?? 0) < sinceMs + lateEffectsMs) return `a calendar of ${login} was not listed yet`;
      const left = (checkpoint?.owed.length ?? 0) + (checkpoint?.held.length ?? 0);
      if (left > 0) return `${left} resources of ${login} are owed or held`;
    }
    const open = await store.count('openIntentsOfProfile', { profileId, open: 1 });
    if (open > 0) return `${open} writes of ${login} are open`;
    app.dispelDoubt();
    const behind = app.behind();
    if (behind !== null) return `${app.name} ${behind}`;
    for (const one of await store.find('subscribersOfAccount', { accountId: app.caller.accountId, open: 1 })) {
      const told = one.told[profileId] ?? 0;
      if (told < profile.projectedSeq || one.inFlight !== null)
        return `${app.name} is told of ${told} of ${profile.projectedSeq}`;
    }
  }
  return null;
}

async function checkAll(simulation: Simulation): Promise<void> {
  for (const member of simulation.cast) {
    await cacheIsTheCalendar(simulation, member);
    await mirrorIsTheCalendar(simulation, member);
    await projectionsEqualARebuild(simulation, member);
    await writesEndedAsAccepted(simulation, member);
  }
  effectsHappenedOnce(simulation);
}

const contentsOf = (simulation: Simulation, login: string): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const ofLogin = `/calendars/${login}/`;
  const all = [...simulation.server.world.contents(login)];
  return new Map(all.map(([path, bodies]) => [path.slice(ofLogin.length), bodies]));
};

function differing(what: string, found: readonly string[], wanted: readonly string[]): string | null {
  const missing = without(wanted, found);
  const surplus = without(found, wanted);
  if (missing.length + surplus.length === 0) return null;
  return `${what}: missing ${JSON.stringify(missing)}, surplus ${JSON.stringify(surplus)}`;
}

function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((one) => {
    const at = left.indexOf(one);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

/** I10, the first half. */
async function cacheIsTheCalendar({ watch, server }: Simulation, { app, refs, login }: Member): Promise<void> {
  for (const [at, ref] of refs.entries()) {
    const calendarId = app.calendars[at];
    if (calendarId === undefined) continue;
    const cached = await watch.store.find('resourcesOfCalendar', { calendarId, live: 1 });
    const there = [...(server.world.contents(login).get(`/calendars/${login}/${ref}`) ?? [])];
    const lines = (all: readonly (readonly [string, string])[]): string[] =>
      all.map(([name, body]) => `${name} ${body}`);
    const problem = differing(
      `the cache of ${login} ${ref}`,
      lines(cached.map((one) => [one.ref, one.body])),
      lines(there),
    );
    if (problem !== null) watch.violated('I10', problem);
  }
}

/** I10, the other half, and I6: what an application believes that learns from webhooks and reads of changes alone. */
async function mirrorIsTheCalendar(simulation: Simulation, { app, refs, login }: Member): Promise<void> {
  const contents = contentsOf(simulation, login);
  const there = refs.flatMap((ref, at) =>
    [...(contents.get(ref)?.values() ?? [])].flatMap(shownBy).map((line) => `${String(app.calendars[at])} ${line}`),
  );
  const believed = [...app.mirror.values()].filter((row) => row['deleted'] !== true).map(lineOfRow);
  const problem = differing(`the mirror of ${app.name}`, believed, there);
  if (problem !== null) simulation.watch.violated('I10', problem);
}

function lineOfRow(row: Row): string {
  const time = (value: unknown): string => String(value).replace(/Z$/, '');
  const location = (row['location'] as { description?: string } | undefined)?.description ?? '';
  const shown = [time(row['start']), time(row['end']), String(row['summary']), location].join(' | ');
  return `${String(row['calendar_id'])} ${shown}`;
}

async function projectionsEqualARebuild({ watch, world }: Simulation, { profileId }: Member): Promise<void> {
  const { normalise } = world;
  const report = await compareWithRebuild({ documents: watch.store, normalise, horizon }, profileId);
  if (report.differences.length > 0) watch.violated('I9', JSON.stringify(report.differences.slice(0, 5)));
}

/** I4: what was answered with 202 ended, with a reason where it failed, and is at the server as it was asked for in order. */
async function writesEndedAsAccepted(simulation: Simulation, { app, profileId, login, refs }: Member): Promise<void> {
  const { watch } = simulation;
  const intents = await watch.store.find('intentsOfProfile', { profileId });
  const byOperation = new Map(intents.map((one) => [one.operationId as string, one]));
  for (const { operationId, event } of app.accepted) {
    const intent = byOperation.get(operationId);
    if (intent === undefined) watch.violated('I4', `the accepted write ${operationId} of ${event} is lost`);
    else if (intent.open === 1) watch.violated('I4', `the accepted write ${operationId} of ${event} is still open`);
  }
  const contents = contentsOf(simulation, login);
  const outcomes = intents.map((one) => ({ wish: one.wish, outcome: outcomeOf(byOperation, one) }));
  for (const [key, wishes] of wishesOf(app, outcomes)) {
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
    const taken = takenForOthers(simulation, met, shown);
    if (taken.length > 0)
      watch.violated('I10', `${app.name} takes ${eventId} in ${ref} for somebody else's: ${JSON.stringify(taken)}`);
  }
}

interface Ended {
  readonly wish: IntentDoc['wish'];
  readonly outcome: IntentDoc | undefined;
}

/**
 * What the writes that were done want of an event, all of them folded; null: that it is not there. More than one where a
 * write ended with the word that nobody knows whether it was done; none where nothing else is known to have been done.
 */
function wishesOf({ asked }: Application, ended: readonly Ended[]): ReadonlyMap<string, readonly (Asking | null)[]> {
  const wishes = new Map<string, readonly (Asking | null | undefined)[]>();
  for (const { wish, outcome } of ended) {
    const unknown = outcome?.reason?.description.endsWith('the outcome of its last attempt is not known') === true;
    if (outcome?.state !== 'written' && !unknown) continue;
    if (wish.kind !== 'upsert' && wish.kind !== 'delete') continue;
    const key = `${wish.calendarId} ${wish.eventId}`;
    // By what the application asked for, not by what was made of it. A repair asks for nothing.
    const asking = wish.kind === 'delete' ? null : asked.get(wish.patch.summary?.split(' ')[0] ?? '');
    if (asking === undefined) continue;
    const before = wishes.get(key) ?? [undefined];
    const after = before.map((one) => (asking === null ? null : { ...one, ...asking }));
    wishes.set(key, unknown ? [...before, ...after] : after);
  }
  const certain = [...wishes].filter(([, all]) => !all.includes(undefined));
  return new Map(certain.map(([key, all]) => [key, all.filter((one) => one !== undefined)]));
}

interface Wanted {
  readonly app: Application;
  readonly login: string;
  readonly calendarId: string | undefined;
  /** As its owner knows it. */
  readonly calendar: string;
  readonly eventId: string;
  readonly wish: Asking | null;
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
  const found = `${shownBy(body).join(', ')} | ${textOf(body, 'DESCRIPTION')}`;
  return found === told(place, wish.description ?? '') ? null : asked;
}

/**
 * What a person moved is found by the next listing or delta that claims to be whole. One that leaves something out may
 * have left out this; one that its server does not show when it is asked for is set aside, and may be anything; and a
 * server that looks at no precondition makes the old name anew beside it.
 */
function couldBeMissed({ watch, people }: Simulation, { login, calendar }: Wanted, name: string): boolean {
  const move = people.moved.get(calendar + name);
  if (move === undefined) return false;
  const remade = watch.effects.some(
    ({ kind, resource, faults }) =>
      kind === 'created' && resource === move.from && faults.includes('preconditions_ignored'),
  );
  const concealed = watch.omissions.some(
    (one) =>
      one.login === login &&
      one.calendar === calendar &&
      (one.name === null || one.name === name) &&
      one.atMs >= move.atMs,
  );
  return remade || concealed;
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

/** A merged write shares the outcome of the one that took it along. */
function outcomeOf(all: ReadonlyMap<string, IntentDoc>, intent: IntentDoc): IntentDoc | undefined {
  let one: IntentDoc | undefined = intent;
  for (let hops = 0; one?.state === 'merged' && hops < 1_000; hops += 1) one = all.get(one.mergedInto ?? '');
  return one;
}

const textOf = (body: string, name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(body)?.[1] ?? '';
const summaryOf = (body: string): string => textOf(body, 'SUMMARY');

/** Each write had its effect at the server once at most, and each name came and went once at most. */
function effectsHappenedOnce({ watch, people }: Simulation): void {
  const byResource = Map.groupBy(watch.effects, (one) => one.resource);
  for (const [resource, all] of byResource) {
    // A server that looks at no precondition makes what was removed meanwhile anew.
    const heeded = all.filter((one) => !one.faults.includes('preconditions_ignored'));
    const times = (kind: string): number => heeded.filter((one) => one.kind === kind).length;
    // Nor can a write be recognised by what a server made of it.
    const unlike = all.filter((one) => one.faults.some((fault) => fault.startsWith('put_'))).length;
    const anew = all.length - heeded.length;
    if (times('removed') > 1 + anew) watch.violated('I4', `${resource} was removed ${times('removed')} times`);
    // What a person removed before anybody saw it may as well never have come to be.
    const lastNames = namesOf(people, resource);
    const unseen = lastNames.reduce((sum, one) => sum + removedByPeople(watch, people, one), 0);
    if (times('created') > 1 + anew + unseen) watch.violated('I4', `${resource} was created ${times('created')} times`);
    const puts = Map.groupBy(
      heeded.filter((one) => one.marker !== null),
      (one) => one.marker,
    );
    for (const [marker, same] of puts) {
      // What such a server let overwrite a later write is written again.
      if (same.length > 1 + unlike && anew === 0 && !people.meddledWith.has(resource))
        watch.violated('I4', `${String(marker)} was written to ${resource} ${same.length} times`);
    }
  }
}
