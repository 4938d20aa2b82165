/** An account that is not where it was: it is looked for anew, and followed once everything that is known of it is there. */
import { quarantine } from '../../config/policies.ts';
import { toKalendsError, type ErrorCode, type KalendsError } from '../../domain/errors.ts';
import { calendarIdOf, type CalendarId } from '../../domain/ids.ts';
import { loginOf } from '../../domain/login.ts';
import type { ProfileDoc, ProviderRoot } from '../../domain/profile.ts';
import { change, warn, type Activation } from './activation.ts';
import { endsActivation } from './failure-scope.ts';
import { resync } from './requests.ts';

/**
 * True when the account was found at another place, where it works on from the next turn. `error` is what the whole
 * account failed with. False leaves everything as it was: the failure counts, and the next one looks again.
 */
export async function foundElsewhere(activation: Activation, error: KalendsError): Promise<boolean> {
  return mayHaveMoved(activation.profile, error) && followed(activation);
}

/**
 * A server that sends every request on still works, but what is gone at the other place is not proved here: removals
 * would wait for ever.
 */
export async function followIfSentOn(activation: Activation): Promise<void> {
  if (activation.calls.elsewhere > 0) await followed(activation);
}

async function followed(activation: Activation): Promise<boolean> {
  if (!activation.provider.capabilities.rediscover) return false;
  const root = await lookFor(activation);
  if (root === null) return false;
  await follow(activation, root);
  return true;
}

/** Null where it is found nowhere, or not to be followed yet. */
async function lookFor(activation: Activation): Promise<ProviderRoot | null> {
  const { provider, session, profile } = activation;
  try {
    const root = await provider.rediscover(session, profile.address ?? null);
    return root !== null && (await holdsWhatIsKnown(activation, root)) ? root : null;
  } catch (failure) {
    const error = toKalendsError(failure);
    if (endsActivation(error)) throw error;
    const { code, message } = error;
    warn(activation, 'an account that may have moved was not found', { code, message });
    return null;
  }
}

/** A refusal that comes alone is mostly a mistake of the server's; looking around with a wrong password locks accounts. */
function mayHaveMoved({ state }: ProfileDoc, { code }: KalendsError): boolean {
  const alone = state.name === 'live' || state.name === 'connecting';
  return notHere.has(code) || (code === 'unauthorized' && !alone);
}

const notHere: ReadonlySet<ErrorCode> = new Set(['not_found', 'misdirected']);

/**
 * A new place may stand empty, or half of it, while everything is carried there: what it does not have yet would be
 * taken for removed. What has not come after days does not come any more; a place without any of it is another one.
 */
async function holdsWhatIsKnown(activation: Activation, root: ProviderRoot): Promise<boolean> {
  const { deps, provider, session, profile } = activation;
  const listed = await provider.listCalendars({ ...session, root });
  const there = new Set(listed.map((one) => calendarIdOf(profile._id, one.ref)));
  const expected = expectedOf(profile);
  const absent = expected.filter((calendarId) => !there.has(calendarId));
  if (absent.length === 0) return true;
  warn(activation, 'an account has moved to where calendars of it are missing', { absent });
  const { state } = profile;
  const sinceMs = state.name === 'quarantined' ? state.sinceMs : deps.clock.now();
  return absent.length < expected.length && deps.clock.now() - sinceMs >= quarantine.followIncompleteAfterMs;
}

/** Those that were in the last list, and worked. */
function expectedOf({ calendars, missingCalendars }: ProfileDoc): readonly CalendarId[] {
  const missed = new Set(missingCalendars.map((one) => one.calendarId));
  const works = Object.entries(calendars) as [CalendarId, ProfileDoc['calendars'][CalendarId]][];
  return works.flatMap(([calendarId, { state }]) =>
    missed.has(calendarId) || state.name === 'gone' || state.name === 'quarantined' ? [] : [calendarId],
  );
}

/**
 * Calendars and resources stay who they are, since their refs are relative to the root. Tokens do not travel: another
 * server may take them for its own.
 */
async function follow(activation: Activation, root: ProviderRoot): Promise<void> {
  const { deps, provider, session, profile } = activation;
  const [from, to] = [provider.hostOf(profile.root), provider.hostOf(root)];
  // Whoever waits for the old host is let in by steps, and finds the way as well.
  if (from !== null) await deps.hosts.answered(from);
  const login = loginOf(profile.appId, profile.provider, { name: profile.name, root });
  const [holder] = await deps.documents.find('profilesByLogin', { login });
  // Somebody who could not wait has connected it at the new place: that stays a profile of its own.
  const free = holder === undefined || holder._id === profile._id;
  change(activation, { root, ...(free ? { login } : {}) });
  activation.session = { ...session, root };
  await resync(activation);
  warn(activation, 'an account has moved', { from, to });
}
