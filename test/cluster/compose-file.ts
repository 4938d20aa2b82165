/**
 * Reads the part of YAML that docker-compose.yml is written in: mappings by indentation, plain and quoted scalars,
 * lists in JSON on one line, comments on lines of their own, and anchors that are merged. Anything else is an error.
 */

export type Node = string | readonly string[] | Mapping | null;
export interface Mapping {
  readonly [key: string]: Node;
}

interface Line {
  readonly n: number;
  readonly indent: number;
  readonly key: string;
  readonly rest: string;
}

export function readCompose(text: string): Mapping {
  const lines = text.split('\n').flatMap((line, index) => lineOf(line, index + 1));
  const reader = new Reader(lines);
  const root = reader.mapping(0);
  reader.end();
  return root;
}

function lineOf(line: string, n: number): Line[] {
  if (/^\s*(#.*)?$/.test(line)) return [];
  const found = /^( *)([\w.<-]+):(?: (.*))?$/.exec(line);
  if (found === null) throw new Error(`line ${n} is not \`key: value\`: ${line}`);
  const [, indent = '', key = '', rest = ''] = found;
  return [{ n, indent: indent.length, key, rest: rest.trim() }];
}

class Reader {
  readonly #lines: readonly Line[];
  readonly #anchors = new Map<string, Mapping>();
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  end(): void {
    const line = this.#lines[this.#at];
    if (line !== undefined) throw new Error(`line ${line.n} is indented unlike what is around it`);
  }

  mapping(indent: number): Mapping {
    const own: Record<string, Node> = {};
    const merged: Record<string, Node> = {};
    for (let line = this.#lines[this.#at]; line?.indent === indent; line = this.#lines[this.#at]) {
      this.#at += 1;
      if (line.key in own) throw new Error(`line ${line.n} repeats ${line.key}`);
      if (line.key === '<<') Object.assign(merged, this.#anchored(line));
      else own[line.key] = this.#value(line);
    }
    return { ...merged, ...own };
  }

  #anchored({ n, rest }: Line): Mapping {
    const found = this.#anchors.get(rest.replace(/^\*/, ''));
    if (found === undefined) throw new Error(`line ${n} merges what was not named before: ${rest}`);
    return found;
  }

  #value(line: Line): Node {
    const name = /^&([\w-]+)$/.exec(line.rest)?.[1];
    if (line.rest !== '' && name === undefined) return scalar(line);
    const next = this.#lines[this.#at];
    const value = next !== undefined && next.indent > line.indent ? this.mapping(next.indent) : null;
    if (name !== undefined && value !== null) this.#anchors.set(name, value);
    return value;
  }
}

function scalar({ n, rest }: Line): Node {
  if (rest.startsWith('[')) return JSON.parse(rest) as string[];
  if (rest.startsWith('"')) return JSON.parse(rest) as string;
  // Each means something in YAML that this reader does not know.
  if (/^[{'|>*&!%@`]|\s#|: /.test(rest))
    throw new Error(`line ${n} needs quotes or more of YAML than is read here: ${rest}`);
  return rest;
}
