/** What is asked is stored before the first request: a process that dies of the answer is counted by the next one. */
import { backoff } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import { KalendsError } from '../../domain/errors.ts';
import { intentKey, type IntentDoc } from '../../domain/intent.ts';
import type { BegunScope } from '../../domain/profile.ts';
import { change, save, step, warn, type Activation } from './activation.ts';
import { knowsCalendars, setCalendarBack } from './failure-scope.ts';
import { postponeLast } from './intents.ts';

/**
 * Before the first request of a turn. It need survive a process, not a power cut: nobody's answer cuts the power. What
 * a turn changed before it is stored along, so that a try is counted before it is made.
 */
export async function noteBegun(activation: Activation, scope: BegunScope): Promise<void> {
  const { process, profile } = activation;
  const attemptedThroughN = Math.max(profile.attemptedThroughN, scope.kind === 'event' ? scope.n : 0);
  change(activation, { begun: { process, scope }, attemptedThroughN });
  await save(activation);
}

/** At the end of a turn, with whatever it stores last. */
export function noteEnded(activation: Activation): void {
  if (activation.profile.begun) change(activation, { begun: null });
}

/**
 * A turn that another process began and did not end is a failure of what it asked for; the first costs a short wait, as
 * most processes die of something else. One that ended by an error of this process is tried again by its host.
 */
export async function countDeath(activation: Activation): Promise<void> {
  const { process, profile } = activation;
  const { begun } = profile;
  if (!begun || begun.process === process) return;
  warn(activation, 'a process died while it asked', begun.scope);
  await setBack(activation, begun.scope);
  noteEnded(activation);
  await save(activation);
}

const died = (): KalendsError => new KalendsError('process_died', 'the process died while it asked this');

async function setBack(activation: Activation, scope: BegunScope): Promise<void> {
  // It was counted when it was begun.
  if (scope.kind === 'request') return;
  if (scope.kind === 'calendar') setCalendarBack(activation, scope.calendarId, died());
  else if (scope.kind === 'event') await setEventBack(activation, scope);
  else if (scope.kind === 'list' && knowsCalendars(activation)) setListBack(activation);
  else await setProfileBack(activation);
}

/** The calendars that are known go on. */
function setListBack(activation: Activation): void {
  const { clock, random } = activation.deps;
  const listDeaths = (activation.profile.listDeaths ?? 0) + 1;
  change(activation, { listDeaths, nextListAtMs: clock.now() + delayOf(backoff.probe, listDeaths, random) });
}

async function setEventBack(activation: Activation, { n, attempts }: Extract<BegunScope, { kind: 'event' }>) {
  const intent: IntentDoc | null = await activation.deps.documents.get('intents', intentKey(activation.profile._id, n));
  if (intent !== null) await postponeLast(activation, [{ ...intent, attempts }], died());
}

async function setProfileBack(activation: Activation): Promise<void> {
  const { name } = activation.profile.state;
  if (name === 'relink_required' || name === 'disconnected') return;
  await step(activation, { kind: 'failed', error: died() });
}
