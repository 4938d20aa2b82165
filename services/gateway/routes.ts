/** Routes: every path of the HTTP API and the action behind it. */

/** Method and path → action of the gateway service. Whatever is not listed answers 404. */
export const aliases = {
  'GET /v1/userinfo': 'gateway.readUserinfo',
  'GET /v1/account': 'gateway.readAccount',
  'GET /v1/profiles': 'gateway.readProfiles',
  'GET /v1/calendars': 'gateway.readCalendars',
  'POST /v1/calendars': 'gateway.createCalendar',
  'GET /v1/events': 'gateway.readEvents',
  'GET /v1/events/pages/:page': 'gateway.readEventsPage',
  'GET /v1/free_busy': 'gateway.readFreeBusy',
  'GET /v1/free_busy/pages/:page': 'gateway.readFreeBusyPage',
  'POST /v1/calendars/:calendar_id/events': 'gateway.upsertEvent',
  'DELETE /v1/calendars/:calendar_id/events': 'gateway.deleteEvent',
  'POST /v1/channels': 'gateway.createChannel',
  'GET /v1/channels': 'gateway.readChannels',
  'DELETE /v1/channels/:channel_id': 'gateway.closeChannel',
  'GET /v1/operations/:operation_id': 'gateway.readOperation',
} as const;
