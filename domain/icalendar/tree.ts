/** A body as the tree of its components and lines, each line kept as received, so that an edit touches nothing else. */
import type { ResourceProblem } from '../event.ts';
import { refold, unfold, withoutBreak } from './fold.ts';
import { detailCharactersMax, maxCharacters, maxDepth, maxLines } from './limits.ts';

/** One content line. `name` is upper case, and empty for what is no content line: it is kept and never looked at. */
export interface Line {
  readonly kind: 'line';
  readonly name: string;
  /** As received, folds included, without the final line break. */
  readonly raw: string;
}

export interface Component {
  readonly kind: 'component';
  readonly name: string;
  readonly begin: Line;
  readonly end: Line;
  /** In file order; edits change this array. */
  readonly nodes: Node[];
  /** The text from BEGIN to END as received; empty for a component of our own. */
  readonly received: string;
}

export type Node = Line | Component;

export type Tree =
  | { readonly nodes: Node[]; readonly problem: null }
  | { readonly nodes: null; readonly problem: ResourceProblem };

interface Open {
  readonly name: string;
  readonly begin: Line;
  readonly nodes: Node[];
  readonly from: number;
}

const namePattern = /^[A-Za-z0-9.-]+(?=[:;])/;
const componentPattern = /^[A-Za-z0-9-]+$/;

/**
 * Reads CRLF, LF and CR files, with or without a byte order mark. A line that is no content line (text that was never
 * escaped, mail footers) is set aside. Unbalanced components are a problem: a body that was cut must not pass for one
 * with fewer exceptions.
 */
export function readTree(body: string): Tree {
  if (body.length > maxCharacters)
    return broken('resource_too_large', `the body has more than ${maxCharacters} characters`);
  const text = body.includes('\n') ? body : body.replaceAll('\r', '\n');
  const root: Open = { name: '', begin: lineOf(''), nodes: [], from: 0 };
  const stack: Open[] = [root];
  let top = root;
  let lines = 0;
  for (let at = Math.max(0, text.search(/\S/)); at < text.length;) {
    if ((lines += 1) > maxLines) return broken('resource_too_large', `the body has more than ${maxLines} lines`);
    const end = logicalEnd(text, at);
    const line = lineOf(withoutBreak(text.slice(at, end)));
    const mark = line.name === 'BEGIN' || line.name === 'END' ? componentName(line) : null;
    if (mark === null || (line.name === 'END' && !stack.some((one) => one.name === mark))) {
      top.nodes.push(line);
    } else if (line.name === 'BEGIN') {
      if (stack.length > maxDepth) return broken('resource_too_large', `components are nested deeper than ${maxDepth}`);
      top = { name: mark, begin: line, nodes: [], from: at };
      stack.push(top);
    } else {
      if (top.name !== mark) return broken('resource_unparsable', `END:${mark} inside an open ${top.name}`);
      const { name, begin, nodes, from } = top;
      stack.pop();
      top = stack.at(-1) ?? root;
      top.nodes.push({ kind: 'component', name, begin, end: line, nodes, received: text.slice(from, end) });
    }
    at = afterBreaks(text, end);
  }
  if (top !== root) return broken('resource_unparsable', `the body ends inside ${top.name}`);
  return { nodes: root.nodes, problem: null };
}

/** The body again; line breaks become CRLF (RFC 5545 section 3.1: XML transport leaves LF behind), all else stays. */
export function render(nodes: readonly Node[]): string {
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'line') text += rendered(node);
    else text += rendered(node.begin) + render(node.nodes) + rendered(node.end);
  }
  return text;
}

const rendered = ({ raw }: Line): string => `${refold(raw)}\r\n`;

/** A line from its text, which may be folded. */
export function lineOf(raw: string): Line {
  const found = namePattern.exec(raw) ?? (raw.includes('\n') ? namePattern.exec(unfold(raw)) : null);
  return { kind: 'line', name: found === null ? '' : found[0].toUpperCase(), raw };
}

/** The unfolded line. */
export const textOf = (line: Line): string => unfold(line.raw);

export function firstLine(component: Component, name: string): Line | null {
  for (const node of component.nodes) if (node.kind === 'line' && node.name === name) return node;
  return null;
}

export function linesOf(component: Component, name: string): Line[] {
  return component.nodes.filter((node): node is Line => node.kind === 'line' && node.name === name);
}

export function childrenOf(nodes: readonly Node[], name: string): Component[] {
  return nodes.filter((node): node is Component => node.kind === 'component' && node.name === name);
}

function broken(code: ResourceProblem['code'], detail: string): Tree {
  return { nodes: null, problem: { code, detail: detail.slice(0, detailCharactersMax) } };
}

/** The index of the line feed that ends the logical line, or the length of the text. */
function logicalEnd(text: string, from: number): number {
  let end = text.indexOf('\n', from);
  while (end !== -1) {
    const next = afterBreaks(text, end);
    if (text[next] !== ' ' && text[next] !== '\t') return end;
    end = text.indexOf('\n', next);
  }
  return text.length;
}

/** Where the next line begins: blank ones are passed over, so that each is looked at once. */
function afterBreaks(text: string, end: number): number {
  let next = end;
  while (text[next] === '\n' || text[next] === '\r') next += 1;
  return next;
}

/** Null where BEGIN or END is only a word in stray text. */
function componentName(line: Line): string | null {
  const text = textOf(line);
  const name = text.slice(text.indexOf(':') + 1).trim();
  return text.includes(':') && componentPattern.test(name) ? name.toUpperCase() : null;
}
