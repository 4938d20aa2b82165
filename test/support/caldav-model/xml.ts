/** XML in and out for the model server: a small namespace-aware tree, and text with the four usual prefixes. */
import { SaxesParser } from 'saxes';

export const dav = 'DAV:';
export const caldav = 'urn:ietf:params:xml:ns:caldav';
export const calendarServer = 'http://calendarserver.org/ns/';
export const apple = 'http://apple.com/ns/ical/';

const prefixes: ReadonlyMap<string, string> = new Map([
  [dav, 'D'],
  [caldav, 'C'],
  [calendarServer, 'CS'],
  [apple, 'A'],
]);

export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** The root of a document; null when it is not well-formed. */
export function parseXml(text: string): XmlElement | null {
  const parser = new SaxesParser({ xmlns: true });
  const open: XmlElement[] = [];
  let root: XmlElement | null = null;
  parser.on('opentag', (tag) => {
    const attributes: Record<string, string> = {};
    for (const attribute of Object.values(tag.attributes)) attributes[attribute.local] = attribute.value;
    const opened: XmlElement = { namespace: tag.uri, name: tag.local, attributes, children: [], text: '' };
    open.at(-1)?.children.push(opened);
    root ??= opened;
    open.push(opened);
  });
  const addText = (more: string): void => {
    const current = open.at(-1);
    if (current !== undefined) current.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => void open.pop());
  try {
    parser.write(text).close();
    return root;
  } catch {
    return null;
  }
}

export function child(parent: XmlElement | null, namespace: string, name: string): XmlElement | null {
  return parent?.children.find((one) => one.namespace === namespace && one.name === name) ?? null;
}

export function children(parent: XmlElement | null, namespace: string, name: string): readonly XmlElement[] {
  return parent?.children.filter((one) => one.namespace === namespace && one.name === name) ?? [];
}

/** The name of a property as one string. */
export function keyOf(property: { readonly namespace: string; readonly name: string }): string {
  return `${property.namespace} ${property.name}`;
}

/** An element with content that is XML already; unknown namespaces are declared in place. */
export function element(property: { readonly namespace: string; readonly name: string }, content = ''): string {
  const prefix = prefixes.get(property.namespace);
  const name = prefix === undefined ? property.name : `${prefix}:${property.name}`;
  const declaration = prefix === undefined ? ` xmlns="${escapeText(property.namespace)}"` : '';
  return content === '' ? `<${name}${declaration}/>` : `<${name}${declaration}>${content}</${name}>`;
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

/** The other way round. */
export function unescapeText(text: string): string {
  return text
    .replaceAll('&#13;', '\r')
    .replaceAll('&quot;', '"')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}

/** The document around responses. */
export function multistatusDocument(content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="${dav}" xmlns:C="${caldav}" xmlns:CS="${calendarServer}" xmlns:A="${apple}">${content}</D:multistatus>`;
}
