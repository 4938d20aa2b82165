/** What processes wait for, by name: at each of them one dies, before it is done and, where it outlives the process, after. */

/** Everything that nodes ask of the store and of others; a run that meets a name that is missing here fails. */
export const awaits = [
  'count resourcesOfCalendar',
  'find allProfiles',
  'find calendarsOfAccount',
  'find calendarsOfProfile',
  'find commitsOfProfile',
  'find dueProfiles',
  'find dueSubscribers',
  'find eventsByStart',
  'find eventsOfResource',
  'find eventsUpdated',
  'find grantsOfAccount',
  'find intentByOperation',
  'find intentsOfProfile',
  'find longEvents',
  'find managedOfProfile',
  'find openIntents',
  'find openIntentsOfProfile',
  'find profilesByLogin',
  'find profilesOfAccount',
  'find recentlyProjectedProfiles',
  'find resourcesByUid',
  'find resourcesOfCalendar',
  'find resourcesOfProfile',
  'find subscribersOfAccount',
  'find troubledHosts',
  'get accounts',
  'get apps',
  'get calendars',
  'get checkpoints',
  'get commits',
  'get deliveries',
  'get hosts',
  'get intents',
  'get managed_events',
  'get profiles',
  'get resources',
  'get subscribers',
  'getMany managed_events',
  'getMany resources',
  'http DELETE',
  'http GET',
  'http PROPFIND',
  'http PUT',
  'http REPORT',
  'insert checkpoints',
  'insert commits',
  'insert hosts',
  'insert intents',
  'insert subscribers',
  'insertMany deliveries',
  'remove checkpoints',
  'removeWhere oldDeliveries',
  'replace checkpoints',
  'replace hosts',
  'replace intents',
  'replace profiles',
  'replace subscribers',
  'upsertMany calendars',
  'upsertMany events',
  'upsertMany managed_events',
  'upsertMany resources',
  'webhook',
] as const;

/** Calls of the store that change something. */
const lastingCalls: ReadonlySet<string> = new Set([
  'insert',
  'insertMany',
  'replace',
  'upsertMany',
  'remove',
  'removeWhere',
]);

/** Whether what was asked may be done though nobody lives to hear of it. */
export function outlives(name: string): boolean {
  const [call = '', of] = name.split(' ');
  if (call === 'webhook') return true;
  return call === 'http' ? of !== 'GET' : lastingCalls.has(call);
}
