/** What a provider was asked and did answer: a profile recovers by an answer, not by work that needed to ask nobody. */
import { isKalendsError, type ErrorCode, type KalendsError } from '../../domain/errors.ts';
import type { Provider } from '../../providers/provider.ts';

export interface Asked {
  /** Calls that were made. */
  asked: number;
  /** Those that resolved. */
  answered: number;
  /** Those whose answer could not be understood. */
  unreadable: number;
  /** Those that led to another place, which proves nothing of the account. */
  elsewhere: number;
}

const unreadable: ReadonlySet<ErrorCode> = new Set(['malformed_multistatus', 'not_multistatus', 'cut_short']);

/** `provider`, counting its calls in `count`. */
export function counted(provider: Provider, count: Asked): Provider {
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    count.asked += 1;
    try {
      const value = await answer;
      count.answered += 1;
      return value;
    } catch (error) {
      if (isKalendsError(error) && unreadable.has(error.code)) count.unreadable += 1;
      if (isKalendsError(error) && error.code === 'answered_elsewhere') count.elsewhere += 1;
      throw error;
    }
  };
  return {
    name: provider.name,
    capabilities: provider.capabilities,
    connect: (request, signal) => told(provider.connect(request, signal)),
    rediscover: (session, address) => told(provider.rediscover(session, address)),
    listCalendars: (session) => told(provider.listCalendars(session)),
    getCalendar: (session, calendar) => told(provider.getCalendar(session, calendar)),
    version: (session, calendar) => told(provider.version(session, calendar)),
    list: (session, calendar, options) => told(provider.list(session, calendar, options)),
    changes: (session, calendar, token) => told(provider.changes(session, calendar, token)),
    fetch: (session, calendar, refs) => told(provider.fetch(session, calendar, refs)),
    get: (session, calendar, ref) => told(provider.get(session, calendar, ref)),
    put: (session, request) => told(provider.put(session, request)),
    remove: (session, request) => told(provider.remove(session, request)),
    makeCalendar: (session, calendar) => told(provider.makeCalendar(session, calendar)),
    newCalendarRef: (root, name) => provider.newCalendarRef(root, name),
    newResourceRef: (name) => provider.newResourceRef(name),
    probe: (session) => told(provider.probe(session)),
    software: (root) => provider.software(root),
    hostOf: (root) => provider.hostOf(root),
  };
}

/** `provider` for a session that cannot be had: whatever is asked of it fails with `error`, and nobody is asked. */
export function refusing(provider: Provider, error: KalendsError): Provider {
  const refuse = (): Promise<never> => Promise.reject(error);
  return {
    ...provider,
    rediscover: refuse,
    listCalendars: refuse,
    getCalendar: refuse,
    version: refuse,
    list: refuse,
    changes: refuse,
    fetch: refuse,
    get: refuse,
    put: refuse,
    remove: refuse,
    makeCalendar: refuse,
    probe: refuse,
  };
}
