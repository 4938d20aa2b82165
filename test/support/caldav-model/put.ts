/** PUT of one resource: checks in the order of RFC 4791 section 5.3.2, then one effect. */
import { aliasedWrite } from './aliases.ts';
import {
  brokenPrecondition,
  hasAlarms,
  rewritten,
  withDefaultAlarm,
  withoutAlarms,
  withoutLocation,
} from './content.ts';
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { tagHeaders } from './get.ts';
import { multistatus } from './multistatus.ts';
import { preconditionsHold } from './preconditions.ts';
import type { ModelContext } from './server.ts';
import { pathOf, uidOf, type ModelCalendar, type Mount } from './state.ts';
import { escapeText } from './xml.ts';

export function put(context: ModelContext, request: ModelRequest): ModelAnswer {
  const mount = context.state.mountAt(request.segments);
  const name = request.segments[3];
  if (mount === null) return answer(409);
  if (name === undefined || request.segments.length > 4) return answer(405);
  const refused = refusalOf(context, request, mount, name);
  if (refused === null) return store(context, request, mount, name);
  // No server is Nextcloud and Xandikos at once: a message is lost inside a 207.
  const isNextcloud = request.faults.includes('put_deleted_uid_400');
  if (isNextcloud || context.faults.fires('put_failure_in_207', request) === null) return refused;
  const error = /<D:error[^>]*>(.*)<\/D:error>/s.exec(refused.body)?.[1];
  const row = { path: request.path, status: refused.status, ...(error === undefined ? {} : { error }) };
  return multistatus((path) => path, [row]);
}

function refusalOf(context: ModelContext, request: ModelRequest, mount: Mount, name: string): ModelAnswer | null {
  if (mount.access === 'read') return refusal(403, '<D:need-privileges/>');
  const current = mount.calendar.resources.get(name) ?? null;
  if (!preconditionsHold(context, request, current)) return answer(412);
  const broken = brokenPrecondition(request.body, mount.calendar.components);
  if (broken !== null) return refusal(403, broken);
  const unwanted = refusedUid(context, request, mount) ?? withoutEnd(context, request);
  if (unwanted !== null) return unwanted;
  const holder = holderOfUid(mount.calendar, uidOf(request.body), name);
  if (holder === null || context.faults.fires('duplicate_uids_accepted', request) !== null) return null;
  const href = escapeText(pathOf(mount.user, mount.segment, holder));
  return refusal(409, `<C:no-uid-conflict><D:href>${href}</D:href></C:no-uid-conflict>`);
}

/** A UID that would do elsewhere, or would have done before. */
function refusedUid(context: ModelContext, request: ModelRequest, { calendar, user }: Mount): ModelAnswer | null {
  const { faults, state } = context;
  const uid = uidOf(request.body);
  const stands = holderOfUid(calendar, uid, null) !== null;
  if (!stands && removalsOf(calendar, uid) > 0 && faults.fires('put_deleted_uid_400', request) !== null)
    return refusal(400, `<S:message xmlns:S="http://sabredav.org/ns">${trashed}</S:message>`);
  const others = state.mountsOf(user).filter((one) => one.calendar !== calendar);
  const elsewhere = others.some((one) => holderOfUid(one.calendar, uid, null) !== null);
  const refuses = elsewhere && faults.fires('put_uid_elsewhere_409', request) !== null;
  return refuses ? refusal(409, '<C:no-uid-conflict/>') : null;
}

const trashed = 'Deleted calendar object with uid already exists in this calendar collection.';

/** How often what bore this UID was removed. */
export const removalsOf = ({ changes }: ModelCalendar, uid: string | null): number =>
  changes.filter((one) => one.kind === 'removed' && one.uid === uid).length;

function withoutEnd(context: ModelContext, request: ModelRequest): ModelAnswer | null {
  if (/^DTEND[;:]/m.test(request.body) || context.faults.fires('put_without_end_403', request) === null) return null;
  return refusal(403, '<C:valid-calendar-data/>');
}

/** Another resource of the calendar with this UID. */
function holderOfUid(calendar: ModelCalendar, uid: string | null, name: string | null): string | null {
  for (const resource of calendar.resources.values()) {
    if (resource.uid === uid && resource.name !== name) return resource.name;
  }
  return null;
}

function store(context: ModelContext, request: ModelRequest, mount: Mount, name: string): ModelAnswer {
  const existed = mount.calendar.resources.has(name);
  const { body, changed } = bodyToStore(context, request);
  const resource = context.state.write(mount.calendar, name, body, context.clock.now());
  aliasedWrite(context, request, mount, resource);
  const path = pathOf(mount.user, mount.segment, name);
  request.effect = { kind: existed ? 'updated' : 'created', path, etag: resource.etag };
  // RFC 4791 section 5.3.4: no ETag when what is stored is not what was sent.
  const silent = changed || context.faults.fires('put_without_etag', request) !== null;
  return answer(existed ? 204 : 201, silent ? {} : tagHeaders(context, request, resource));
}

function bodyToStore(context: ModelContext, request: ModelRequest): { body: string; changed: boolean } {
  const drops = /^LOCATION[;:]/m.test(request.body);
  if (drops && context.faults.fires('put_drops_location', request) !== null) {
    return { body: withoutLocation(request.body), changed: true };
  }
  if (context.faults.fires('put_rewrites_body', request) !== null) {
    return { body: rewritten(request.body), changed: true };
  }
  if (hasAlarms(request.body) && context.faults.fires('put_drops_alarms', request) !== null) {
    return { body: withoutAlarms(request.body), changed: true };
  }
  const alarmed = withDefaultAlarm(request.body);
  if (alarmed !== request.body && context.faults.fires('put_adds_alarm', request) !== null) {
    return { body: alarmed, changed: true };
  }
  return { body: request.body, changed: false };
}
