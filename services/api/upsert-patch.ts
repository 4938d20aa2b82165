/** The patch of an upsert: the body of `POST /v1/calendars/{id}/events`, validated field by field. */
import type { RequestedFields, RequestedPerson, RequestedTime } from '../../domain/managed-event.ts';
import { dayOf } from '../../domain/time/zone.ts';
import { isObject, readBoolean, readText, readTime, readZone, type Params } from './params.ts';
import { collectProblems, type Problems } from './problems.ts';
import { readRecurrence } from './recurrence-rules.ts';

export interface UpsertRequest {
  readonly eventId: string;
  readonly patch: RequestedFields;
  /** The reminders count only if this upsert creates the event. */
  readonly remindersCreateOnly: boolean;
}

/** Longest texts, in characters. */
const longest = {
  eventId: 256,
  summary: 1_024,
  description: 4_096,
  location: 1_024,
  email: 320,
  name: 256,
  url: 2_048,
};
const most = { reminders: 5, attendees: 200, categories: 64 };
/** Years that calendars can write in every zone, with four digits and without a doubt which century is meant. */
const earliestMs = Date.UTC(1000, 0, 2);
const latestMs = Date.UTC(9999, 11, 31);
/** Four weeks: what every provider can hold. */
const reminderMinutesMax = 40_320;

/** Rejects with `invalid_input`. `attendees`: whether the calendar can carry them. */
export function readUpsert(body: Params, attendees: boolean): UpsertRequest {
  const problems = collectProblems();
  const eventId = readEventId(body, problems);
  refuseUnsupported(body, problems);
  const times = readTimes(body, problems);
  const fields: { [K in keyof RequestedFields]?: RequestedFields[K] | undefined } = {
    summary: readText(body['summary'], 'summary', { max: longest.summary, required: true }, problems),
    description: readText(body['description'], 'description', { max: longest.description }, problems),
    ...times,
    location: readLocation(body['location'], problems),
    transparency: readTransparency(body, problems),
    reminders: readReminders(body['reminders'], problems),
    url: readUrl(body, problems),
    private: readPrivate(body, problems),
    color: readColor(body['color'], problems),
    categories: readCategories(body['categories'], problems),
    recurrence: readRecurrence(body['recurrence'], times.start, problems),
    ...readAttendees(body['attendees'], attendees, problems),
  };
  const remindersCreateOnly = readBoolean(body, 'reminders_create_only', problems);
  problems.throwIfAny();
  return { eventId: eventId ?? '', patch: present(fields), remindersCreateOnly };
}

/** Rejects with `invalid_input`; `event_id` may also stand in the query of a DELETE. */
export function readDelete(body: Params): { readonly eventId: string } {
  const problems = collectProblems();
  const eventId = readEventId(body, problems);
  problems.throwIfAny();
  return { eventId: eventId ?? '' };
}

/** An absent field must be absent in the patch: undefined would not survive the store. */
function present(fields: { [K in keyof RequestedFields]?: RequestedFields[K] | undefined }): RequestedFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Where both are sent, event_id wins and event_uid means nothing, as existing clients experience it. */
function readEventId(body: Params, problems: Problems): string | undefined {
  const { event_id: id, event_uid: uid } = body;
  if ((id === undefined || id === null || id === '') && uid !== undefined && uid !== null) {
    const text = 'changing external events is not supported yet: send the event_id of an event that you manage';
    problems.add('event_uid', 'errors.not_supported', text);
    return undefined;
  }
  return readText(id, 'event_id', { max: longest.eventId, required: true }, problems);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** Cronofy knows these and Kalends does not carry them out: an answer is better than a write that lacks a part. */
function refuseUnsupported(body: Params, problems: Problems): void {
  for (const name of ['subscriptions', 'attachments', 'tags', 'event_classes', 'metadata']) {
    if (!isEmpty(body[name])) problems.add(name, 'errors.not_supported', `${name} is not supported yet`);
  }
  const { conferencing } = body;
  const none = isObject(conferencing) && conferencing['profile_id'] === 'none';
  if (!none && !isEmpty(conferencing)) {
    problems.add('conferencing', 'errors.not_supported', 'conferencing is not supported yet');
  }
}

function readTimes(
  body: Params,
  problems: Problems,
): { start: RequestedTime | undefined; end: RequestedTime | undefined } {
  const tzid = readZone(body['tzid'], 'tzid', problems);
  const start = readEnd(body['start'], 'start', tzid, problems);
  const end = readEnd(body['end'], 'end', tzid, problems);
  if (start !== undefined && end !== undefined && !inOrder(start, end)) {
    problems.add('end', 'errors.invalid_time_pair', 'end must be after start');
  }
  return { start, end };
}

/** Two dates or two times, the end after the start. */
function inOrder(start: RequestedTime, end: RequestedTime): boolean {
  if (start.kind === 'date') return end.kind === 'date' && dayOf(end.date) > dayOf(start.date);
  return end.kind === 'instant' && end.ms > start.ms;
}

/** A time, a date, or `{time, tzid}`: the time is in UTC all the same, tzid only says where to show it. */
function readEnd(
  value: unknown,
  field: 'start' | 'end',
  tzid: string | undefined,
  problems: Problems,
): RequestedTime | undefined {
  const inner = isObject(value);
  if (value === undefined || value === null || value === '' || (inner && isEmpty(value['time']))) {
    problems.add(field, 'errors.required', `${field} must be specified`);
    return undefined;
  }
  const time = readTime(inner ? value['time'] : value, field, problems);
  const zone = (inner ? readZone(value['tzid'], `${field}.tzid`, problems) : undefined) ?? tzid ?? 'Etc/UTC';
  if (time === undefined) return undefined;
  const atMs = time.kind === 'date' ? dayOf(time.date) : time.ms;
  if (atMs < earliestMs || atMs > latestMs) {
    problems.add(field, 'errors.out_of_range', 'must lie in the years 1000 to 9999');
    return undefined;
  }
  return time.kind === 'date' ? time : { kind: 'instant', ms: time.ms, tzid: zone };
}

function readLocation(value: unknown, problems: Problems): RequestedFields['location'] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) {
    problems.add('location', 'errors.must_be_object', 'must be an object with description, lat and long');
    return undefined;
  }
  const text = (name: string, max: number): string | null =>
    readText(value[name], `location.${name}`, { max }, problems) ?? null;
  const [lat, long] = [text('lat', 32), text('long', 32)];
  for (const [name, degrees, limit] of [
    ['lat', lat, 90],
    ['long', long, 180],
  ] as const) {
    if (degrees !== null && !(/^[+-]?\d+(\.\d+)?$/.test(degrees) && Math.abs(Number(degrees)) <= limit)) {
      problems.add(`location.${name}`, 'errors.out_of_range', `must be decimal degrees from -${limit} to ${limit}`);
    }
  }
  return { description: text('description', longest.location), lat, long };
}

/** The extended form is carried as far as calendars know it under the plain one. */
function readTransparency(body: Params, problems: Problems): RequestedFields['transparency'] | undefined {
  const extended = body['extended_transparency'];
  if (!isEmpty(extended) && extended !== 'opaque' && extended !== 'transparent') {
    const text = 'only opaque and transparent are supported yet';
    problems.add('extended_transparency', 'errors.not_supported', text);
    return undefined;
  }
  const value = isEmpty(body['transparency']) ? extended : body['transparency'];
  if (isEmpty(value)) return undefined;
  if (value === 'opaque' || value === 'transparent') return value;
  problems.add('transparency', 'errors.not_recognized', 'must be opaque or transparent');
  return undefined;
}

/** In order of priority; the provider keeps as many as it can. */
function readReminders(value: unknown, problems: Problems): readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    problems.add('reminders', 'errors.must_be_array', 'must be a list of {minutes}');
    return undefined;
  }
  if (value.length > most.reminders) {
    problems.add('reminders', 'errors.too_many', `must have at most ${most.reminders} reminders`);
    return undefined;
  }
  const minutes = (value as readonly unknown[]).map((one) => (isObject(one) ? one['minutes'] : undefined));
  for (const [index, one] of minutes.entries()) {
    const whole = typeof one === 'number' && Number.isInteger(one) && one >= 0 && one <= reminderMinutesMax;
    if (whole) continue;
    const text = `must be an integer from 0 to ${reminderMinutesMax}`;
    problems.add(`reminders[${index}].minutes`, 'errors.must_be_integer', text);
  }
  return minutes.filter((one): one is number => typeof one === 'number');
}

/** Null removes; absent leaves what is there. */
function readUrl(body: Params, problems: Problems): string | null | undefined {
  const { url } = body;
  if (url === null) return null;
  const text = readText(url, 'url', { max: longest.url }, problems);
  if (text === undefined || isWebAddress(text)) return text;
  problems.add('url', 'errors.must_be_url', 'must be an http or https URL');
  return undefined;
}

export function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '';
}

/** Null counts as absent: typed clients send it for what they do not set. */
function readPrivate(body: Params, problems: Problems): boolean | undefined {
  const given = body['event_private'];
  return given === undefined || given === null ? undefined : readBoolean(body, 'event_private', problems);
}

function readColor(value: unknown, problems: Problems): string | undefined {
  if (isEmpty(value)) return undefined;
  if (typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
  problems.add('color', 'errors.must_be_color', 'must be a colour as #49bed8');
  return undefined;
}

function readCategories(value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length > most.categories) {
    problems.add('categories', 'errors.must_be_array', `must be a list of at most ${most.categories} strings`);
    return undefined;
  }
  const texts = (value as readonly unknown[]).map((one, index) =>
    readText(one, `categories[${index}]`, { max: longest.name, required: true }, problems),
  );
  return texts.filter((one) => one !== undefined);
}

/** A delta: who is invited and who is removed (`reject` in older clients); everybody else on the event stays. */
function readAttendees(
  value: unknown,
  supported: boolean,
  problems: Problems,
): { invited?: readonly RequestedPerson[]; removed?: readonly string[] } {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    // PHP writes an empty object as [].
    if (!isEmpty(value)) problems.add('attendees', 'errors.must_be_object', 'must be an object with invite and remove');
    return {};
  }
  const invited = readPeople(value['invite'], 'attendees.invite', problems);
  const removed = ['remove', 'reject'].flatMap((name) => readPeople(value[name], `attendees.${name}`, problems));
  if (invited.length + removed.length === 0) return {};
  if (!supported) {
    problems.add('attendees', 'errors.event.cannot_set_attendees', 'this calendar cannot invite attendees');
  }
  return { invited, removed: removed.map((one) => one.email) };
}

function readPeople(value: unknown, field: string, problems: Problems): RequestedPerson[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > most.attendees) {
    problems.add(field, 'errors.must_be_array', `must be a list of at most ${most.attendees} people`);
    return [];
  }
  return (value as readonly unknown[]).flatMap((one, index) => {
    const person = isObject(one) ? one : {};
    const rules = { max: longest.email, required: true };
    const email = readText(person['email'], `${field}[${index}].email`, rules, problems);
    if (email === undefined) return [];
    if (!/^[^\s@<>"]+@[^\s@<>"]+$/.test(email)) {
      problems.add(`${field}[${index}].email`, 'errors.must_be_email', 'must be an e-mail address');
      return [];
    }
    const name = readText(person['display_name'], `${field}[${index}].display_name`, { max: longest.name }, problems);
    return [{ email: email.toLowerCase(), displayName: name ?? null }];
  });
}
