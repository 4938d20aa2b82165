/** Hrefs to refs and back: one resource has one ref, whichever host, escaping or absolute form the server used. */
import { KalendsError } from '../../domain/errors.ts';
import { unescapedUrl } from './quirks/escaped-urls.ts';

/**
 * A path in its normal form: percent escapes decoded where they stand for text (`%40` is `@`), kept in upper case where
 * decoding would change the meaning (`%2F`, `%25`) or where they are no UTF-8; dots resolved; slashes single.
 */
export function normalPath(href: string, base: string): string | null {
  const url = urlOf(href, base);
  return url === null ? null : decodePath(url.pathname.replaceAll(/\/{2,}/g, '/'));
}

/** The href names no other server than `base` does; most are paths and name none. */
export const isOnServer = (href: string, base: string): boolean => urlOf(href, base)?.origin === new URL(base).origin;

function urlOf(href: string, base: string): URL | null {
  // Some servers glue "/" to an absolute path; a URL parser takes "//cal/x" for host "cal".
  const trimmed = unescapedUrl(href.trim()).replace(/^\/{2,}/, '/');
  if (trimmed === '' || !URL.canParse(trimmed, base)) return null;
  const url = new URL(trimmed, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

/** A `%` that is no escape stands for itself; runs are decoded together because a character may take several bytes. */
export function decodePath(path: string): string {
  return path.replaceAll(/%(?![0-9a-fA-F]{2})/g, '%25').replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const kept = run.toUpperCase().replaceAll(/%(2F|25|[01][0-9A-F]|7F)/g, '\u0000$1');
    return kept
      .split(/(\u0000..)/)
      .map((part) => (part.startsWith('\u0000') ? `%${part.slice(1)}` : decodeOrKeep(part)))
      .join('');
  });
}

function decodeOrKeep(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}

/** The wire form of a normal path: `@` and its like stay as they are (iCloud does not know `%40` in a GET). */
export function encodePath(path: string): string {
  return path
    .split(/(%[0-9A-F]{2})/)
    .map((part, index) =>
      index % 2 === 1 ? part : encodeURI(part.toWellFormed()).replaceAll('?', '%3F').replaceAll('#', '%23'),
    )
    .join('');
}

/** A path relative to a collection's; as it is, with its leading slash, where it lies elsewhere on the server. */
export const relativeTo = (collection: string, path: string): string =>
  path.startsWith(collection) && path !== collection ? path.slice(collection.length) : path;

/** The other way round. */
export const absoluteFrom = (collection: string, ref: string): string => (ref.startsWith('/') ? ref : collection + ref);

export const samePath = (a: string, b: string): boolean => withSlash(a) === withSlash(b);

export const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

/** A caller's ref must name one place below its collection; rejects `invalid_input` for what a URL would resolve away. */
export function checkRef(ref: string): string {
  const segments = ref.replace(/\/$/, '').split('/');
  const strange = segments.some(
    (segment, index) => segment === '.' || segment === '..' || (segment === '' && index > 0),
  );
  if (ref === '' || strange) throw new KalendsError('invalid_input', 'this is no ref of a resource', { ids: { ref } });
  return ref;
}
