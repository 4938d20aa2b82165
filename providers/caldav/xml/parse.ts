/**
 * Reads multistatus documents and believes nothing less than a whole one: a document that is cut, that has a second
 * root, trailing text, a DOCTYPE or an entity of its own, is not well-formed or is something else, is an error.
 *
 * Lenient parsers turn half a listing into "the rest was deleted" (ownCloud sends concatenated bodies, proxies cut).
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { limits } from '../../../config/policies.ts';
import type { Clock } from '../../../domain/clock.ts';
import { isKalendsError, KalendsError } from '../../../domain/errors.ts';
import type { XmlElement } from './element.ts';
import { responsesOf, type Multistatus, type MultistatusResponse } from './multistatus.ts';
import { names } from './names.ts';

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** In the order of the document: where a server writes line ends as `&#13;` a body comes in sixty. */
  readonly pieces: string[];
  readonly children: XmlElement[];
}

/** Between two pieces other work gets its turn: 5 MB in one go would stop this process for a quarter of a second. */
const pieceCharacters = 256 * 1024;

class MultistatusReader {
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #open: OpenElement[] = [];
  readonly #responses: MultistatusResponse[] = [];
  #syncToken: string | null = null;
  #rootSeen = false;
  #elements = 0;

  constructor() {
    this.#parser.on('error', (error) => this.#refuse(error.message));
    this.#parser.on('doctype', () => this.#refuse('it has a document type'));
    this.#parser.on('attribute', () => this.#count());
    this.#parser.on('opentag', (tag) => this.#opened(tag));
    this.#parser.on('closetag', () => this.#closed());
    this.#parser.on('text', (text) => this.#text(text));
    this.#parser.on('cdata', (text) => this.#text(text));
  }

  write(piece: string): void {
    try {
      this.#parser.write(piece);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error), error);
    }
  }

  end(): Multistatus {
    try {
      this.#parser.close();
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error), error);
    }
    if (!this.#rootSeen) this.#refuse('it is empty');
    return { responses: this.#responses, syncToken: this.#syncToken };
  }

  #refuse(why: string, cause?: unknown): never {
    if (isKalendsError(cause)) throw cause;
    const code = this.#rootSeen ? 'malformed_multistatus' : 'not_multistatus';
    // The parser quotes names, which may be as long as the document.
    throw new KalendsError(code, `the answer is not a whole multistatus document: ${why.slice(0, 200)}`);
  }

  #opened(tag: SaxesTagNS): void {
    const name = `{${tag.uri}}${tag.local}`;
    if (this.#open.length === 0) {
      if (name !== names.multistatus) this.#refuse(`its root is ${name}`);
      this.#rootSeen = true;
    }
    if (this.#open.length >= limits.xmlDepth) this.#refuse(`it is deeper than ${limits.xmlDepth} elements`);
    this.#count();
    this.#open.push({ name, attributes: attributesOf(tag), pieces: [], children: [] });
  }

  /** Elements and attributes, before anything of them is kept: the smallest take a hundred times their bytes. */
  #count(): void {
    this.#elements += 1;
    if (this.#elements > limits.xmlElements) this.#refuse(`it has more than ${limits.xmlElements} elements`);
  }

  #text(text: string): void {
    const current = this.#open.at(-1);
    if (current !== undefined && this.#open.length > 1) current.pieces.push(text);
  }

  #closed(): void {
    const open = this.#open.pop();
    const parent = this.#open.at(-1);
    if (open === undefined || parent === undefined) return;
    const { name, attributes, pieces, children } = open;
    // Joined here, not added up: a text that grows piece by piece stays a tree of them, five times as large.
    const element: XmlElement = { name, attributes, text: pieces.join(''), children };
    if (this.#open.length > 1) parent.children.push(element);
    else if (element.name === names.response) this.#responses.push(...responsesOf(element));
    else if (element.name === names.syncToken)
      this.#syncToken = element.text.trim() === '' ? null : element.text.trim();
  }
}

const noAttributes: Readonly<Record<string, string>> = {};

/** By local name: only `name="VEVENT"` and its like are ever read. */
function attributesOf(tag: SaxesTagNS): Readonly<Record<string, string>> {
  let attributes: Record<string, string> | null = null;
  for (const key in tag.attributes) {
    const attribute = tag.attributes[key];
    if (attribute === undefined || attribute.prefix === 'xmlns' || attribute.name === 'xmlns') continue;
    attributes ??= {};
    attributes[attribute.local] = attribute.value;
  }
  return attributes ?? noAttributes;
}

/** Rejects with `not_multistatus` (HTML, JSON, another root) or `malformed_multistatus`. Other work runs in between. */
export async function parseMultistatus(text: string, clock: Pick<Clock, 'breathe'>): Promise<Multistatus> {
  const reader = new MultistatusReader();
  for (let from = 0; from < text.length; from += pieceCharacters) {
    if (from > 0) await clock.breathe();
    reader.write(text.slice(from, from + pieceCharacters));
  }
  return reader.end();
}
