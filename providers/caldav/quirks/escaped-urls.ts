/**
 * Xandikos names what is not there by its whole URL, escaped once more as if it were one part of a path:
 * `http%3A//dav.example/user/calendars/no%2520such/`. Taken for a path, it would be about something else.
 */

/** The href as it was before; any other href unchanged. */
export function unescapedUrl(href: string): string {
  if (!/^https?%3A\/\//i.test(href)) return href;
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
