/** The projections as the store keeps them. */
import type { Documents, Durability } from './documents.ts';
import type { ProjectionTarget } from './projecting.ts';

/** What was lost with the power is projected again: the log, which is durable, says more than `projectedSeq`. */
const again: Durability = 'with_next';

export function storeTarget(documents: Documents): ProjectionTarget {
  return {
    calendars: (profileId) => documents.find('calendarsOfProfile', { profileId }),
    resources: (ids) => (ids.length === 0 ? Promise.resolve([]) : documents.getMany('resources', ids)),
    reach: async (profileId, calendarIds, ofProfile) => {
      const ofCalendars =
        calendarIds.length === 0
          ? []
          : await documents.find('resourcesOfCalendar', { calendarId: calendarIds, live: 1 });
      const others =
        ofProfile === 'none'
          ? []
          : await documents.find('resourcesOfProfile', {
              profileId,
              live: 1,
              ...(ofProfile === 'series' && { recurring: true }),
            });
      return [...new Set([...ofCalendars, ...others].map((one) => one._id))];
    },
    events: (resourceIds) =>
      resourceIds.length === 0 ? Promise.resolve([]) : documents.find('eventsOfResource', { resourceId: resourceIds }),
    managed: (keys) => (keys.length === 0 ? Promise.resolve([]) : documents.getMany('managed_events', keys)),
    // Resources after these: one that carries a commit's seq vouches for its events, and for what was written to it.
    write: async (writes) => {
      if (writes.events.length > 0) await documents.upsertMany('events', writes.events, again);
      if (writes.dropped.length > 0) await documents.remove('events', writes.dropped, again);
      if (writes.managed.length > 0) await documents.upsertMany('managed_events', writes.managed, again);
      if (writes.resources.length > 0) await documents.upsertMany('resources', writes.resources, again);
      if (writes.calendars.length > 0) await documents.upsertMany('calendars', writes.calendars, again);
    },
  };
}
