/** Connecting a profile: find the account's root, prove the credentials, then make everything durable. */
import { isDeepStrictEqual } from 'node:util';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { newProfileId, slotOf, type AccountId, type AppId, type ProfileId } from '../../domain/ids.ts';
import { loginOf } from '../../domain/login.ts';
import type { ProfileDoc, ProfileRequest, ProviderName } from '../../domain/profile.ts';
import { projectorVersion } from '../../domain/projection/project.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import type { Connected, Credentials } from '../../providers/provider.ts';
import {
  createAccount,
  createGrant,
  demandName,
  findOrCreateApp,
  issueToken,
  liveGrants,
  moveAccount,
  withdrawAccount,
  type RegistryContext,
} from '../auth/registry.ts';
import { waitsForStart, type OpsContext } from './context.ts';
import { profileOr404 } from './profiles.ts';

export interface ConnectInput {
  readonly provider: ProviderName;
  /** The application that the account belongs to; made when there is none of this name. */
  readonly app: string;
  /** Host name, address or URL; for application calendars a name of the caller's choice. */
  readonly address: string;
  readonly credentials: Credentials;
  /** IANA name of the zone that the person lives in; left out: what it was, and of a new account that of this process. */
  readonly timeZone?: string;
}

export interface ConnectOutcome {
  readonly account_id: AccountId;
  readonly profile_id: ProfileId;
  /** Shown this once. */
  readonly access_token: string;
  /** False: the same login had been connected for this application; its credentials were replaced. */
  readonly created: boolean;
  /** Null: its calendars are being read. */
  readonly next: string | null;
}

export type ConnectContext = RegistryContext & Pick<OpsContext, 'provider' | 'sealCredentials' | 'nudge' | 'turn'>;

/** Discovery and proof may take as long as a person waits. */
const patienceMs = 60_000;

/** Rejects with what is wrong and what to do: the address, the password, or a server that is no calendar server. */
export async function connect(context: ConnectContext, input: ConnectInput): Promise<ConnectOutcome> {
  const timeZone = zoneOf(input);
  demandNamed(input);
  const provider = context.provider(input.provider);
  const { address, credentials } = input;
  const connected = await provider.connect({ address, credentials }, AbortSignal.timeout(patienceMs));
  const app = await findOrCreateApp(context, input.app);
  const login = loginOf(app._id, input.provider, connected);
  for (;;) {
    const [known] = await context.documents.find('profilesByLogin', { login });
    const outcome =
      known === undefined
        ? await connectNew(context, app._id, { ...input, timeZone: timeZone ?? ownZone() }, connected)
        : await connectAgain(context, known, { credentials, timeZone }, connected);
    // Somebody else connected the same login meanwhile.
    if (outcome !== null) return outcome;
  }
}

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** As the zone data writes it; null where none is given. */
function zoneOf({ timeZone }: ConnectInput): string | null {
  if (timeZone === undefined) return null;
  const zone = ianaZone(timeZone);
  if (zone !== null) return zone.id;
  throw new KalendsError('invalid_input', `there is no time zone \`${timeZone}\``, {
    next: 'give a name of the IANA database, e.g. Europe/Berlin',
  });
}

/** Nothing of it may be empty: it mostly is an unset variable of a script. */
function demandNamed({ app, address, credentials }: ConnectInput): void {
  demandName('the name of the application', app);
  demandName(credentials.kind === 'none' ? 'the name of the calendar' : 'the address of the calendar server', address);
  if (credentials.kind !== 'password') return;
  demandName('the user name', credentials.username);
  demandName('the password', credentials.password);
}

async function connectAgain(
  context: ConnectContext,
  known: ProfileDoc,
  { credentials, timeZone }: { readonly credentials: Credentials; readonly timeZone: string | null },
  connected: Connected,
): Promise<ConnectOutcome> {
  if (timeZone !== null) await moveAccount(context, known.accountId, timeZone);
  const sealed = context.sealCredentials(known._id, credentials);
  const { root, address, email, aliases } = connected;
  await revise(context, known._id, 'relinked', { credentials: sealed, root, address, email, aliases });
  const [grant] = await liveGrants(context.documents, known.accountId);
  const account = { _id: known.accountId, appId: known.appId };
  const token = await issueToken(context, grant ?? (await createGrant(context, account)));
  return {
    account_id: known.accountId,
    profile_id: known._id,
    access_token: token,
    created: false,
    next: waitsForStart(context),
  };
}

/** Null: the login became somebody else's profile meanwhile, and nothing was kept of this one. */
async function connectNew(
  context: ConnectContext,
  appId: AppId,
  input: ConnectInput & { readonly timeZone: string },
  connected: Connected,
): Promise<ConnectOutcome | null> {
  // Without another side there is nobody whose calendars these are but the application.
  const kind = context.provider(input.provider).capabilities.pull ? 'account' : 'application_calendar';
  const { name, email } = connected;
  const account = await createAccount(context, { appId, email, name, timeZone: input.timeZone, kind });
  const grant = await createGrant(context, account);
  const profile = profileDoc(context, account, input, connected);
  try {
    await context.documents.insert('profiles', profile);
  } catch (error) {
    if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
    await withdrawAccount(context, account, grant);
    return null;
  }
  const token = await issueToken(context, grant);
  context.nudge(profile._id);
  return {
    account_id: account._id,
    profile_id: profile._id,
    access_token: token,
    created: true,
    next: waitsForStart(context),
  };
}

function profileDoc(
  context: ConnectContext,
  account: { readonly _id: AccountId; readonly appId: AppId },
  input: ConnectInput,
  connected: Connected,
): ProfileDoc {
  const nowMs = context.clock.now();
  const id = newProfileId(nowMs, context.random);
  return {
    _id: id,
    rev: 1,
    appId: account.appId,
    accountId: account._id,
    provider: input.provider,
    name: connected.name,
    login: loginOf(account.appId, input.provider, connected),
    email: connected.email,
    aliases: connected.aliases,
    credentials: context.sealCredentials(id, input.credentials),
    root: connected.root,
    address: connected.address,
    state: { name: 'connecting' },
    requests: [],
    calendars: {},
    nextListAtMs: nowMs,
    missingCalendars: [],
    horizonDay: null,
    zoneData: null,
    projector: projectorVersion,
    slot: slotOf(id),
    nextWakeAtMs: nowMs,
    projectedSeq: 0,
    projectedAtMs: nowMs,
    attemptedThroughN: 0,
    initialSyncAtMs: null,
    freshAtMs: null,
    createdAtMs: nowMs,
  };
}

/** Leaves a request for the profile's actor, which alone changes the rest of the document. */
export async function revise(
  context: Pick<OpsContext, 'documents' | 'clock' | 'nudge'>,
  profileId: ProfileId,
  request: ProfileRequest,
  fields: Partial<Pick<ProfileDoc, 'credentials' | 'root' | 'address' | 'email' | 'aliases'>> = {},
): Promise<void> {
  for (;;) {
    const profile = await profileOr404(context, profileId);
    // The last word counts: only that one need not be said twice.
    const said = isDeepStrictEqual(profile.requests.at(-1), request);
    const requests = said ? profile.requests : [...profile.requests, request];
    const next = { ...profile, ...fields, requests, nextWakeAtMs: context.clock.now(), rev: profile.rev + 1 };
    if (await context.documents.replace('profiles', next, profile.rev)) break;
  }
  context.nudge(profileId);
}
