/** REPORT: which of the three it is. */
import { multiget } from './calendar-multiget.ts';
import { calendarQuery } from './calendar-query.ts';
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { targetAt } from './properties.ts';
import type { ModelContext } from './server.ts';
import { syncCollection } from './sync-collection.ts';
import { parseXml } from './xml.ts';

export function report(context: ModelContext, request: ModelRequest): ModelAnswer {
  const root = parseXml(request.body);
  if (root === null) return answer(400);
  const target = targetAt(context, request.segments);
  if (target === null) return answer(404);
  const unsupported = refusal(403, '<D:supported-report/>');
  if (target.kind !== 'calendar') return unsupported;
  switch (root.name) {
    case 'calendar-multiget':
      return multiget(context, request, target.mount, root);
    case 'calendar-query':
      return context.abilities.calendarQuery ? calendarQuery(context, request, target.mount, root) : unsupported;
    case 'sync-collection':
      return context.abilities.sync ? syncCollection(context, request, target.mount, root) : unsupported;
    default:
      return unsupported;
  }
}

/** For the log: the name of the report in a body, whatever its prefix. */
export function reportName(body: string): string | null {
  return /<(?:[\w-]+:)?(calendar-multiget|calendar-query|sync-collection)\b/.exec(body)?.[1] ?? null;
}
