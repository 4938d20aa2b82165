/** Servers for which a UID is one event of a person, whichever calendars show it: what is done to it here is done there. */
import type { ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import type { ModelCalendar, ModelResource, Mount } from './state.ts';

/** After a write: the same event elsewhere is written as well, or not there any more. */
export function aliasedWrite(context: ModelContext, request: ModelRequest, mount: Mount, written: ModelResource): void {
  const elsewhere = aliasesOf(context, mount, written);
  if (elsewhere.length === 0) return;
  const { state, faults, clock } = context;
  const fired = faults.first(['uid_aliased_changes', 'uid_aliased_moves'], request);
  for (const [calendar, { name }] of fired === null ? [] : elsewhere) {
    if (fired?.name === 'uid_aliased_moves') state.remove(calendar, name, clock.now());
    else state.write(calendar, name, written.body, clock.now());
  }
}

/** After a removal. */
export function aliasedRemoval(
  context: ModelContext,
  request: ModelRequest,
  mount: Mount,
  removed: ModelResource,
): void {
  const elsewhere = aliasesOf(context, mount, removed);
  if (elsewhere.length === 0 || context.faults.fires('uid_aliased_changes', request) === null) return;
  for (const [calendar, { name }] of elsewhere) context.state.remove(calendar, name, context.clock.now());
}

/** What bears its UID in the other calendars of the person. */
function aliasesOf(
  { state }: ModelContext,
  { calendar, user }: Mount,
  { uid }: ModelResource,
): readonly (readonly [ModelCalendar, ModelResource])[] {
  const others = new Set(state.mountsOf(user).map((one) => one.calendar));
  others.delete(calendar);
  return [...others].flatMap((other) =>
    [...other.resources.values()].filter((one) => uid !== null && one.uid === uid).map((one) => [other, one] as const),
  );
}
