/** Calendars: the list of an account's calendars, and creating one. */
import type { Caller } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { KalendsError } from '../../domain/errors.ts';
import { calendarIdOf } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { readAccountView, type AccountView } from './account-view.ts';
import type { ApiContext } from './context.ts';
import type { Row } from './event-row.ts';
import type { Intake } from './intake.ts';
import { readText, type Params } from './params.ts';
import { isLocked, ownProfile, profileLocked, requireScope } from './permission.ts';
import { collectProblems, problem } from './problems.ts';
import { wireProvider } from './provider-names.ts';

/** What every row says of a calendar; deleted ones stay listed. */
export const calendarFields = (
  calendar: Pick<CalendarDoc, '_id' | 'name' | 'readOnly' | 'deleted' | 'primary'>,
): Row => ({
  calendar_id: calendar._id,
  calendar_name: calendar.name,
  calendar_readonly: calendar.readOnly,
  calendar_deleted: calendar.deleted,
  calendar_primary: calendar.primary,
  calendar_integrated_conferencing_available: false,
  calendar_attachments_available: false,
  permission_level: 'sandbox',
});

const calendarRow = (profile: ProfileDoc, calendar: Parameters<typeof calendarFields>[0]): Row => ({
  provider_name: wireProvider(profile.provider).provider_name,
  profile_id: profile._id,
  profile_name: profile.name,
  ...calendarFields(calendar),
});

export const calendarsOf = (view: AccountView, profile: ProfileDoc): CalendarDoc[] =>
  [...view.calendars.values()].filter((one) => one.profileId === profile._id);

/** `GET /v1/calendars` */
export async function readCalendars(context: ApiContext, caller: Caller): Promise<Row> {
  const view = await readAccountView(context.documents, caller);
  const rows = view.profiles.flatMap((profile) =>
    calendarsOf(view, profile).map((calendar) => calendarRow(profile, calendar)),
  );
  return { calendars: rows };
}

export interface CreatedCalendar {
  readonly body: Row;
  readonly intent: IntentDoc;
  /** False: it is still waiting for its calendar server. */
  readonly done: boolean;
}

/** `POST /v1/calendars {profile_id, name, color}`: waits a bounded time for the outcome. */
export async function createCalendar(
  context: ApiContext,
  intake: Intake,
  caller: Caller,
  params: Params,
): Promise<CreatedCalendar> {
  requireScope(caller, 'create_calendar');
  const { profile, name, color } = await readRequest(context, caller, params);
  const ref = context.providerOf(profile.provider).newCalendarRef(profile.root, name);
  const calendarId = calendarIdOf(profile._id, ref);
  const wish = { kind: 'create_calendar', calendarId, ref, name, color } as const;
  const accepted = await intake.accept(caller, profile._id, wish);
  const settled = await context.awaitIntent(profile._id, accepted.n);
  if (settled?.state === 'rejected' || settled?.state === 'expired') throw refusalOf(settled);
  const known = settled === null ? null : await context.documents.get('calendars', calendarId);
  const calendar = known ?? { _id: calendarId, name, readOnly: false, deleted: false, primary: false };
  return { body: { calendar: calendarRow(profile, calendar) }, intent: accepted, done: settled !== null };
}

interface CreateRequest {
  readonly profile: ProfileDoc;
  readonly name: string;
  readonly color: string | null;
}

async function readRequest(context: ApiContext, caller: Caller, params: Params): Promise<CreateRequest> {
  const problems = collectProblems();
  const profileId = readText(params['profile_id'], 'profile_id', { max: 128, required: true }, problems);
  const name = readText(params['name'], 'name', { max: 256, required: true }, problems);
  const color = readText(params['color'], 'color', { max: 16 }, problems);
  if (color !== undefined && color !== '' && !/^#[0-9a-f]{6}$/i.test(color)) {
    problems.add('color', 'errors.must_be_color', 'must be a colour as #49bed8');
  }
  problems.throwIfAny();
  const profile = await ownProfile(context.documents, caller, profileId ?? '');
  if (profile === null) throw problem('profile_id', 'errors.not_recognized', 'this account has no such profile');
  if (isLocked(profile)) throw profileLocked(profile);
  if (!context.providerOf(profile.provider).capabilities.makeCalendar) {
    throw problem('profile_id', 'errors.not_supported', 'calendars cannot be created in this profile');
  }
  await refuseDuplicate(context, profile, name ?? '');
  return { profile, name: name ?? '', color: color === undefined || color === '' ? null : color.toLowerCase() };
}

/** Calendars that are about to be created count too. */
async function refuseDuplicate(context: ApiContext, profile: ProfileDoc, name: string): Promise<void> {
  const [calendars, open] = await Promise.all([
    context.documents.find('calendarsOfProfile', { profileId: profile._id }),
    context.documents.find('openIntentsOfProfile', { profileId: profile._id, open: 1 }),
  ]);
  const taken = calendars.some((one) => !one.deleted && one.name === name);
  const coming = open.some(({ wish }) => wish.kind === 'create_calendar' && wish.name === name);
  if (!taken && !coming) return;
  throw problem('name', 'errors.duplicate_calendar_name', 'a calendar with this name exists in the profile');
}

/** The calendar server refused. */
function refusalOf(intent: IntentDoc): KalendsError {
  const reason = intent.reason?.description ?? 'the calendar could not be created';
  const taken = intent.reason?.code === 'conflicting_state' || intent.reason?.code === 'precondition_failed';
  return taken ? problem('name', 'errors.duplicate_calendar_name', reason) : problem('name', 'errors.rejected', reason);
}
