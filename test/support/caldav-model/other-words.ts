/** Faults that leave the meaning of a multistatus: where statuses, properties and bodies are written, and how it is announced. */
import type { ModelAnswer, ModelRequest } from './exchange.ts';
import type { FaultName } from './faults.ts';
import type { ModelContext } from './server.ts';
import { unescapeText } from './xml.ts';

type Rewriting = readonly [fault: FaultName, rewrite: (text: string, request: ModelRequest) => string];

const found = '<D:status>HTTP/1.1 200 OK</D:status>';

const rewritings: readonly Rewriting[] = [
  [
    'bodies_in_two_cdata',
    (text) =>
      text.replaceAll(/<C:calendar-data>([^<]*)<\/C:calendar-data>/g, (_whole, escaped: string) => {
        const body = unescapeText(escaped);
        // Inside a line, not between its CR and LF, which would make two ends of it.
        const middle = body.indexOf('\n', body.length / 2) + 2;
        const sections = [body.slice(0, middle), body.slice(middle)].map((part) => `<![CDATA[${part}]]>`);
        return `<C:calendar-data>${sections.join('')}</C:calendar-data>`;
      }),
  ],
  [
    'props_in_two_propstats',
    // After the kind or the etag, where something follows it.
    (text) =>
      text.replaceAll(/<D:response>.*?<\/D:response>/gs, (response) =>
        response.replace(
          /<\/D:(?:resourcetype|getetag)>(?!<\/D:prop>)/,
          `$&</D:prop>${found}</D:propstat><D:propstat><D:prop>`,
        ),
      ),
  ],
  [
    'status_before_props',
    (text) =>
      text.replaceAll(
        /<D:propstat>(.*?)(<D:status>[^<]*<\/D:status>)<\/D:propstat>/gs,
        '<D:propstat>$2$1</D:propstat>',
      ),
  ],
  ['statuses_empty', (text) => text.replaceAll(found, '<D:status/>')],
  [
    'missing_href_mangled',
    (text, request) =>
      request.method === 'PUT' || request.body.includes('calendar-multiget')
        ? text.replaceAll(
            /<D:href>([^<]*)<\/D:href>(?=<D:status>HTTP\/1\.1 4)/g,
            (_whole, href: string) => `<D:href>${mangled(new URL(href, request.origin).href)}</D:href>`,
          )
        : text,
  ],
];

/** As Python quotes a URL that it takes for a path. */
const mangled = (url: string): string => encodeURIComponent(url).replaceAll('%2F', '/');

export function inOtherWords(context: ModelContext, request: ModelRequest, served: ModelAnswer): ModelAnswer {
  const { faults } = context;
  let { body } = served;
  for (const [fault, rewrite] of rewritings) {
    const other = rewrite(body, request);
    if (other !== body && faults.fires(fault, request) !== null) body = other;
  }
  const isWrong = faults.fires('content_type_wrong', request) !== null;
  const headers = isWrong ? { ...served.headers, 'content-type': ['text/html; charset=utf-8'] } : served.headers;
  return { ...served, body, headers };
}
