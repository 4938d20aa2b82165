/** PROPFIND, depth 0 and 1 (RFC 4918 section 9.1). */
import { unreachable } from '../../../domain/errors.ts';
import { bodyWriter } from './content.ts';
import { etagInRows } from './etags.ts';
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { hrefWriter, multistatus, sample, type PropertyName } from './multistatus.ts';
import { rowOf, targetAt, usualProperties, type Asking, type Target } from './properties.ts';
import type { ModelContext } from './server.ts';
import { child, dav, parseXml } from './xml.ts';

export function propfind(context: ModelContext, request: ModelRequest): ModelAnswer {
  const asked = askedProperties(request.body);
  if (asked === usualProperties && context.faults.fires('allprop_500', request) !== null) return answer(500);
  if (asked === null) return answer(400);
  const target = targetAt(context, request.segments);
  if (target === null) return answer(404);
  const depth = request.headers['depth'] ?? 'infinity';
  if (depth === 'infinity') return refusal(403, '<D:propfind-finite-depth/>');
  const asking = askingOf(context, request);
  const targets = depth === '0' ? [target] : [target, ...membersOf(context, request, target)];
  return multistatus(
    asking.href,
    targets.map((one) => rowOf(asking, one, asked)),
  );
}

/** What the writers of values need, with the faults that hold for the whole answer. */
export function askingOf(context: ModelContext, request: ModelRequest): Asking {
  return {
    context,
    request,
    href: hrefWriter(context, request),
    etag: etagInRows(context, request),
    body: bodyWriter(context, request),
  };
}

/** Null when the body is no PROPFIND. */
function askedProperties(body: string): readonly PropertyName[] | null {
  if (body.trim() === '') return usualProperties;
  const root = parseXml(body);
  if (root === null || root.name !== 'propfind') return null;
  return child(root, dav, 'prop')?.children ?? usualProperties;
}

function membersOf(context: ModelContext, request: ModelRequest, target: Target): readonly Target[] {
  switch (target.kind) {
    case 'home':
      return calendarsOf(context, request, target.user);
    case 'calendar':
      return listing(
        context,
        request,
        [...target.mount.calendar.resources.values()].map((resource): Target => ({
          kind: 'resource',
          mount: target.mount,
          resource,
        })),
      );
    case 'root':
    case 'principal':
    case 'resource':
      return [];
    default:
      return unreachable(target);
  }
}

function calendarsOf(context: ModelContext, request: ModelRequest, user: string): readonly Target[] {
  const all = context.state.mountsOf(user).map((mount): Target => ({ kind: 'calendar', mount }));
  if (all.length === 0) return all;
  if (context.faults.fires('home_empty', request) !== null) return [];
  const omits = context.faults.fires('home_omits', request);
  if (omits === null) return all;
  const left = sample(context, all, omits.value);
  return all.filter((one) => !left.has(one));
}

/** A complete listing of a calendar, as honest as the faults let it be; used wherever one is given. */
export function listing<T>(context: ModelContext, request: ModelRequest, all: readonly T[]): readonly T[] {
  if (all.length === 0) return all;
  if (context.faults.fires('listing_empty', request) !== null) return [];
  const omits = context.faults.fires('listing_omits', request);
  if (omits === null) return all;
  const left = sample(context, all, omits.value);
  return all.filter((one) => !left.has(one));
}
