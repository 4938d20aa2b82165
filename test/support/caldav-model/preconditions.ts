/** If-Match, If-None-Match and If-Schedule-Tag-Match (RFC 9110 section 13, RFC 6638 section 3.3), one by one. */
import { isEtagOf } from './etags.ts';
import type { ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource } from './state.ts';

/** Whether the request may go on; false is a 412. */
export function preconditionsHold(
  context: ModelContext,
  request: ModelRequest,
  current: ModelResource | null,
): boolean {
  const holds =
    ifMatch(request, current) && ifNoneMatch(request, current) && ifScheduleTagMatch(context, request, current);
  // Fires only where looking at them would have made a difference.
  return holds || context.faults.fires('preconditions_ignored', request) !== null;
}

/** Strong comparison: a weak etag matches nothing. */
function ifMatch(request: ModelRequest, current: ModelResource | null): boolean {
  const header = request.headers['if-match'];
  if (header === undefined) return true;
  if (current === null) return false;
  return header.trim() === '*' || listOf(header).some((one) => isEtagOf(one, current));
}

function ifNoneMatch(request: ModelRequest, current: ModelResource | null): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined || current === null) return true;
  return header.trim() !== '*' && !listOf(header).some((one) => isEtagOf(one, current));
}

function ifScheduleTagMatch(context: ModelContext, request: ModelRequest, current: ModelResource | null): boolean {
  const header = request.headers['if-schedule-tag-match'];
  if (header === undefined || !context.abilities.scheduleTags) return true;
  return current !== null && header.trim() === current.scheduleTag;
}

function listOf(header: string): readonly string[] {
  return header.split(',').map((one) => one.trim());
}
