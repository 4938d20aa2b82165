/** The addresses of a person, as the principal names them. */
import { limits } from '../../config/policies.ts';
import { mailAddressOf } from '../../domain/icalendar/person.ts';
import { describeAlias } from './collection.ts';
import type { Dav } from './dav.ts';
import type { XmlElement } from './xml/element.ts';
import { names } from './xml/names.ts';

/**
 * RFC 6638 2.4.1: e-mail addresses alone, each once, the preferred one first. A nicety, so a server that does not want to
 * say is no failure.
 */
export async function addressesOf(dav: Dav, principal: string): Promise<readonly string[]> {
  try {
    const { self } = await describeAlias(dav, principal, ['c:calendar-user-address-set']);
    return readAddresses(self.props.get(names.addresses)?.children ?? []);
  } catch {
    return [];
  }
}

function readAddresses(hrefs: readonly XmlElement[]): readonly string[] {
  const found = new Map<string, string>();
  // No RFC has it: Apple's servers and those that follow them say so where an account has several addresses.
  const preferredFirst = [...hrefs.filter(isPreferred), ...hrefs.filter((one) => !isPreferred(one))];
  for (const { text } of preferredFirst) {
    const address = mailAddressOf(text);
    const key = address?.toLowerCase();
    if (address !== null && key !== undefined && !found.has(key)) found.set(key, address);
    if (found.size === limits.addressesPerPerson) break;
  }
  return [...found.values()];
}

const isPreferred = ({ attributes }: XmlElement): boolean => attributes['preferred'] === '1';
