/** Calendar user addresses: the people behind ORGANIZER and ATTENDEE. */
import type { Person } from '../event.ts';
import type { RequestedPerson } from '../managed-event.ts';
import { oneLine, paramOf, type Property } from './property.ts';

/** Longer than any address of RFC 5321, with a name that a client forgot to quote before it. */
const maxAddress = 1_000;

const mailPattern = /mailto:\s*<?([^<>\s]+@[^<>\s]+?)>?\s*$/i;
const barePattern = /^<?([^<>\s:/]+@[^<>\s:/]+?)>?$/;

/** Null where no e-mail address is to be found, e.g. in the `urn:` and `/principal/` addresses of some servers. */
export function readPerson(property: Property): Person | null {
  const email = emailOf(property.values[0]) ?? emailOf(paramOf(property, 'email') ?? '');
  if (email === null) return null;
  const name = (paramOf(property, 'cn') ?? '').trim();
  return { email, displayName: name === '' ? null : name };
}

function emailOf(address: string): string | null {
  return mailAddressOf(address)?.toLowerCase() ?? null;
}

/** The e-mail address of a calendar user address, in the case that it is written in; null where it is of another kind. */
export function mailAddressOf(address: string): string | null {
  if (address.length > maxAddress) return null;
  const mail = mailPattern.exec(address)?.[1];
  if (mail !== undefined) return unescaped(mail);
  return barePattern.exec(address.trim())?.[1] ?? null;
}

function unescaped(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** `mailto:` with the one character escaped that would be read as an escape (RFC 6068 section 2). */
export const addressOf = (person: RequestedPerson): string => `mailto:${oneLine(person.email).replaceAll('%', '%25')}`;

export function nameParams(person: RequestedPerson): Record<string, string> {
  const name = oneLine(person.displayName ?? '');
  return name === '' ? {} : { cn: name };
}
