/** DELETE of a resource or, by its owner, of a calendar. */
import { aliasedRemoval } from './aliases.ts';
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { preconditionsHold } from './preconditions.ts';
import { targetAt } from './properties.ts';
import { removalsOf } from './put.ts';
import type { ModelContext } from './server.ts';
import { pathOf } from './state.ts';

export function del(context: ModelContext, request: ModelRequest): ModelAnswer {
  const target = targetAt(context, request.segments);
  if (target === null) return answer(404);
  if (target.kind === 'calendar') {
    const { mount } = target;
    if (mount.access !== 'owner') return refusal(403, '<D:need-privileges/>');
    for (const one of context.state.allMounts()) if (one.calendar === mount.calendar) context.state.dropMount(one);
    request.effect = { kind: 'calendar_removed', path: pathOf(mount.user, mount.segment) };
    return answer(204);
  }
  if (target.kind !== 'resource') return answer(403);
  const { mount, resource } = target;
  if (mount.access === 'read') return refusal(403, '<D:need-privileges/>');
  if (!preconditionsHold(context, request, resource)) return answer(412);
  if (removalsOf(mount.calendar, resource.uid) >= 2 && context.faults.fires('delete_third_403', request) !== null)
    return answer(403);
  context.state.remove(mount.calendar, resource.name, context.clock.now());
  aliasedRemoval(context, request, mount, resource);
  request.effect = { kind: 'removed', path: pathOf(mount.user, mount.segment, resource.name) };
  return answer(context.faults.fires('delete_404', request) === null ? 204 : 404);
}
