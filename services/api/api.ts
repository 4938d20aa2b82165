/** The API: every use case of the HTTP interface over one context, with the state that they share in a process. */
import type { Caller } from '../../domain/account.ts';
import type { OperationId } from '../../domain/ids.ts';
import { createCalendar, readCalendars, type CreatedCalendar } from './calendars.ts';
import { closeChannel, createChannel, readChannels } from './channels.ts';
import type { ApiContext } from './context.ts';
import type { Row } from './event-row.ts';
import { readAccount, readProfiles, readUserinfo } from './identity.ts';
import { createIntake } from './intake.ts';
import { readOperation } from './operations.ts';
import type { Params } from './params.ts';
import { createListingReader, type ListingReader } from './read-events.ts';
import { createEventWriter } from './write-events.ts';

/** Each rejects with a KalendsError whose code decides the status: see `services/gateway/errors.ts`. */
export interface Api {
  readUserinfo(caller: Caller): Promise<Row>;
  readAccount(caller: Caller): Promise<Row>;
  readProfiles(caller: Caller): Promise<Row>;
  readCalendars(caller: Caller): Promise<Row>;
  createCalendar(caller: Caller, body: Params): Promise<CreatedCalendar>;
  /** Events and free/busy. */
  readonly listings: ListingReader;
  acceptUpsert(caller: Caller, calendarId: string, body: Params): Promise<OperationId>;
  acceptDelete(caller: Caller, calendarId: string, body: Params): Promise<OperationId>;
  createChannel(caller: Caller, body: Params): Promise<Row>;
  readChannels(caller: Caller): Promise<Row>;
  closeChannel(caller: Caller, channelId: string): Promise<void>;
  readOperation(caller: Caller, operationId: string): Promise<Row>;
}

export function createApi(context: ApiContext): Api {
  const intake = createIntake(context);
  const writer = createEventWriter(context, intake);
  return {
    readUserinfo: (caller) => readUserinfo(context, caller),
    readAccount: (caller) => readAccount(context, caller),
    readProfiles: (caller) => readProfiles(context, caller),
    readCalendars: (caller) => readCalendars(context, caller),
    createCalendar: (caller, body) => createCalendar(context, intake, caller, body),
    listings: createListingReader(context),
    acceptUpsert: (caller, calendarId, body) => writer.upsert(caller, calendarId, body),
    acceptDelete: (caller, calendarId, body) => writer.remove(caller, calendarId, body),
    createChannel: (caller, body) => createChannel(context, caller, body),
    readChannels: (caller) => readChannels(context, caller),
    closeChannel: (caller, channelId) => closeChannel(context, caller, channelId),
    readOperation: (caller, operationId) => readOperation(context, caller, operationId),
  };
}
