/** The projections as the store keeps them. */
import type { Documents } from './documents.ts';
import type { ProjectionTarget } from './projecting.ts';

export function storeTarget(documents: Documents): ProjectionTarget {
  return {
    calendars: (profileId) => documents.find('calendarsOfProfile', { profileId }),
    resources: (ids) => (ids.length === 0 ? Promise.resolve([]) : documents.getMany('resources', ids)),
    reach: async (profileId, calendarIds, series) => {
      const ofCalendars =
        calendarIds.length === 0
          ? []
          : await documents.find('resourcesOfCalendar', { calendarId: calendarIds, live: 1 });
      const ofSeries = series
        ? await documents.find('resourcesOfProfile', { profileId, recurring: true, live: 1 })
        : [];
      return [...new Set([...ofCalendars, ...ofSeries].map((one) => one._id))];
    },
    events: (resourceIds) =>
      resourceIds.length === 0 ? Promise.resolve([]) : documents.find('eventsOfResource', { resourceId: resourceIds }),
    managed: (keys) => (keys.length === 0 ? Promise.resolve([]) : documents.getMany('managed_events', keys)),
    // Events before resources: a resource that carries a commit's seq vouches for its events.
    write: async (writes) => {
      if (writes.events.length > 0) await documents.upsertMany('events', writes.events);
      if (writes.dropped.length > 0) await documents.remove('events', writes.dropped);
      if (writes.managed.length > 0) await documents.upsertMany('managed_events', writes.managed);
      if (writes.resources.length > 0) await documents.upsertMany('resources', writes.resources);
      if (writes.calendars.length > 0) await documents.upsertMany('calendars', writes.calendars);
    },
  };
}
