/** The quiet after the last fault: everything comes to rest by itself, and then mirror, cache and calendar are one (I4, I9, I10). */
import { horizon } from '../../config/policies.ts';
import { compareWithRebuild } from '../../store/rebuild.ts';
import type { Member, Party } from './cast.ts';
import { hereIsAsWritten } from './here.ts';
import { differing, namedWrongly, rowsBelieved, rowsOf } from './lines.ts';
import { withoutAlarms } from './reader.ts';
import type { Simulation } from './simulation.ts';
import { contentsOf, effectsHappenedOnce, writesEndedAsAccepted } from './writes.ts';

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
  let checkedMs = -Infinity;
  for (let step = 0; why !== null; step += 1) {
    if (watch.violations.length > 0) return;
    if (scheduler.now() > restMs)
      return watch.violated('I10', `there is no rest ${restWithinMs / minute} min after the last fault: ${why}`);
    // What applications read takes steps as well: time goes on in between, or nothing would.
    if (step >= nextCheck && scheduler.waiting() === 0 && scheduler.now() > checkedMs) {
      nextCheck = step + checkEvery;
      checkedMs = scheduler.now();
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
  for (const { app } of partiesOf(simulation)) {
    if (app.behind() === null) continue;
    simulation.as(app, 0, async (node) => {
      await app.begin(node);
      await app.catchUp(node);
    });
  }
}

/** Why there is no rest yet, for people; null: everything has been looked at since, and nobody has anything left to do. */
async function restless(simulation: Simulation, sinceMs: number): Promise<string | null> {
  if (simulation.underWay() > 0) return `${simulation.underWay()} calls of applications were not answered`;
  for (const member of simulation.cast) {
    const why = await unread(simulation, member, sinceMs);
    if (why !== null) return why;
  }
  for (const party of partiesOf(simulation)) {
    const why = await untold(simulation, party);
    if (why !== null) return why;
  }
  return null;
}

const partiesOf = ({ cast, here }: Simulation): readonly Party[] => [...cast, here];

/** What of its calendars was not looked at since, or is left behind. */
async function unread(
  { watch, world }: Simulation,
  { profileId, login, refs }: Member,
  sinceMs: number,
): Promise<string | null> {
  const { store } = watch;
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
  return null;
}

/** What was accepted and has not ended, or recorded and not told. */
async function untold({ watch: { store } }: Simulation, { app, profileId }: Party): Promise<string | null> {
  const profile = await store.get('profiles', profileId);
  if (profile?.state.name !== 'live') return `the profile of ${app.name} is ${profile?.state.name ?? 'gone'}`;
  const open = await store.count('openIntentsOfProfile', { profileId, open: 1 });
  if (open > 0) return `${open} writes of ${app.name} are open`;
  app.dispelDoubt();
  const behind = app.behind();
  if (behind !== null) return `${app.name} ${behind}`;
  for (const one of await store.find('subscribersOfAccount', { accountId: app.caller.accountId, open: 1 })) {
    const told = one.told[profileId] ?? 0;
    if (told < profile.projectedSeq || one.inFlight !== null)
      return `${app.name} is told of ${told} of ${profile.projectedSeq}`;
  }
  return null;
}

async function checkAll(simulation: Simulation): Promise<void> {
  for (const member of simulation.cast) {
    await cacheIsTheCalendar(simulation, member);
    await mirrorIsTheCalendar(simulation, member);
    await writesEndedAsAccepted(simulation, member);
  }
  for (const party of partiesOf(simulation)) await projectionsEqualARebuild(simulation, party);
  await hereIsAsWritten(simulation);
  effectsHappenedOnce(simulation);
}

/** I10, the first half. */
async function cacheIsTheCalendar({ watch, server }: Simulation, { app, refs, login }: Member): Promise<void> {
  for (const [at, ref] of refs.entries()) {
    const calendarId = app.calendars[at];
    if (calendarId === undefined) continue;
    const cached = await watch.store.find('resourcesOfCalendar', { calendarId, live: 1 });
    const there = [...(server.world.contents(login).get(`/calendars/${login}/${ref}`) ?? [])];
    const lines = (all: readonly (readonly [string, string])[]): string[] =>
      // Line ends that a server does not escape arrive as LF (XML 1.0 section 2.11); alarms come and go unseen.
      all.map(([name, body]) => `${name} ${withoutAlarms(body).replaceAll('\r\n', '\n')}`);
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
  const there = refs.flatMap((ref, at) => {
    const calendarId = app.calendars[at];
    if (calendarId === undefined) return [];
    return [...(contents.get(ref) ?? [])].flatMap(([name, body]) => rowsOf(calendarId, name, body));
  });
  const problem = differing(`the mirror of ${app.name}`, rowsBelieved(app), there);
  if (problem !== null) simulation.watch.violated('I10', problem);
  const wrong = namedWrongly(app);
  if (wrong.length > 0) simulation.watch.violated('I10', `${app.name} mistakes ${JSON.stringify(wrong)}`);
}

async function projectionsEqualARebuild({ watch, world }: Simulation, { profileId }: Party): Promise<void> {
  const { normalise } = world;
  const report = await compareWithRebuild({ documents: watch.store, normalise, horizon }, profileId);
  if (!report.settled) watch.violated('I9', `commits of ${profileId} are not projected at rest`);
  if (report.differences.length > 0) watch.violated('I9', JSON.stringify(report.differences.slice(0, 5)));
}
