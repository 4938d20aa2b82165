/** GET and HEAD of one resource. */
import { bodyWriter } from './content.ts';
import { etagInHeader } from './etags.ts';
import { answer, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { targetAt } from './properties.ts';
import type { ModelContext } from './server.ts';
import type { ModelResource } from './state.ts';

export function get(context: ModelContext, request: ModelRequest): ModelAnswer {
  const target = targetAt(context, request.segments);
  if (target === null) return answer(404);
  if (target.kind !== 'resource') return answer(200, { 'content-type': 'text/plain' }, 'a collection\n');
  const body = bodyWriter(context, request)(target.resource);
  const headers = { ...tagHeaders(context, request, target.resource), 'content-type': 'text/calendar; charset=utf-8' };
  return answer(200, headers, request.method === 'HEAD' ? '' : body);
}

/** ETag and Schedule-Tag of a version. */
export function tagHeaders(
  context: ModelContext,
  request: ModelRequest,
  resource: ModelResource,
): Readonly<Record<string, string>> {
  const etag = etagInHeader(context, request)(resource);
  return {
    ...(etag === null ? {} : { etag }),
    ...(context.abilities.scheduleTags ? { 'schedule-tag': resource.scheduleTag } : {}),
  };
}
