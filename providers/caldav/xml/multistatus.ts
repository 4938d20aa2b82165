/** What a 207 says of each resource (RFC 4918 13): statuses and properties, wherever the server put them. */
import { KalendsError } from '../../../domain/errors.ts';
import { childNamed, localName, type XmlElement } from './element.ts';
import { names } from './names.ts';

export interface MultistatusResponse {
  /** As written, trimmed; empty where the server left it out (iCloud does, in multigets). */
  readonly href: string;
  /** Of the whole resource; null where the answer is by property, or where the status line was empty. */
  readonly status: number | null;
  /** Properties answered with success, from all propstats. */
  readonly props: ReadonlyMap<string, XmlElement>;
  /** Properties answered with anything else, and with what. */
  readonly refused: ReadonlyMap<string, number>;
  /** Local names inside DAV:error, of the response and of its propstats. */
  readonly conditions: readonly string[];
}

export interface Multistatus {
  readonly responses: readonly MultistatusResponse[];
  /** Of a sync-collection report. */
  readonly syncToken: string | null;
}

/** `HTTP/1.1 200 OK` to 200; null for an empty line (iCloud). Anything else is no status line: `malformed_multistatus`. */
function statusOf(line: XmlElement | undefined): number | null {
  const text = line?.text.trim() ?? '';
  if (text === '') return null;
  const code = /(?:^|\s)([1-5]\d\d)(?:\s|$)/.exec(text)?.[1];
  if (code === undefined) {
    throw new KalendsError('malformed_multistatus', 'a status line has no status', {
      evidence: { excerpt: text.slice(0, 80) },
    });
  }
  return Number(code);
}

/** One DAV:response; several hrefs with one status (RFC 4918 14.24) become one response each. */
export function responsesOf(element: XmlElement): MultistatusResponse[] {
  const props = new Map<string, XmlElement>();
  const refused = new Map<string, number>();
  const conditions: string[] = [];
  let status: number | null = null;
  const hrefs: string[] = [];
  for (const child of element.children) {
    if (child.name === names.href) hrefs.push(child.text.trim());
    else if (child.name === names.status) status = statusOf(child);
    else if (child.name === names.propstat) readPropstat(child, props, refused, conditions);
    else if (child.name === names.error) conditions.push(...child.children.map(({ name }) => localName(name)));
  }
  if (hrefs.length === 0) hrefs.push('');
  return hrefs.map((href) => ({ href, status, props, refused, conditions }));
}

function readPropstat(
  propstat: XmlElement,
  props: Map<string, XmlElement>,
  refused: Map<string, number>,
  conditions: string[],
): void {
  // Xandikos writes the status before the properties, others after: the order means nothing.
  const status = statusOf(childNamed(propstat, names.status)) ?? 200;
  for (const child of propstat.children) {
    if (child.name === names.error) conditions.push(...child.children.map(({ name }) => localName(name)));
    if (child.name !== names.prop) continue;
    for (const property of child.children) {
      if (status >= 200 && status < 300) props.set(property.name, property);
      else refused.set(property.name, status);
    }
  }
}

/** The text of a property; null where it is missing or empty. */
export function textOf(response: MultistatusResponse, name: string): string | null {
  const text = response.props.get(name)?.text.trim() ?? '';
  return text === '' ? null : text;
}
