/** Mail domains whose calendar server is elsewhere and not published in DNS, or only under another name. */

const hosts: Readonly<Record<string, string>> = {
  // Apple publishes nothing for its mail domains that lead to this entry.
  'icloud.com': 'caldav.icloud.com',
  'me.com': 'caldav.icloud.com',
  'mac.com': 'caldav.icloud.com',
};

export const knownHost = (domain: string): string | null => hosts[domain.toLowerCase()] ?? null;
