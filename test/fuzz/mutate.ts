/** Mutations: real texts made wrong in the ways that networks, programs and attackers make them wrong. */
import { below, pick, type Seeded } from '../support/seeded.ts';

/** Texts that have a meaning somewhere. */
export interface Vocabulary {
  readonly samples: readonly string[];
  readonly words: readonly string[];
}

const characters = [
  '\u0000',
  '\t',
  '\n',
  '\r\n',
  '\u000b',
  ' ',
  '"',
  "'",
  '%',
  '&',
  '<',
  '>',
  ';',
  ':',
  ',',
  '=',
  '\\',
  '/',
  '{',
  ']',
  '\u007f',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udc00',
  'é',
  '😀',
];
const numbers = ['0', '-1', '00', '2147483648', '1e400', '99999999999999999999', '0x10', 'NaN', '٣', '1.5'];

/** Longest input, in characters, and longest text that one mutation adds. */
const inputMax = 256 * 1024;
const addedMax = 64 * 1024;

type Mutation = (text: string, random: Seeded, vocabulary: Vocabulary) => string;

function span(text: string, random: Seeded): { readonly from: number; readonly to: number } {
  const from = below(random, text.length + 1);
  const longest = pick(random, [1, 8, 80, 800, text.length]);
  return { from, to: Math.min(text.length, from + below(random, longest + 1)) };
}

const into = (text: string, at: number, added: string): string => text.slice(0, at) + added + text.slice(at);

/** Lines where the text has some, tags and commas where it has not. */
function pieces(text: string): string[] {
  const lines = text.split(/(?<=\n)/);
  return lines.length > 3 ? lines : text.split(/(?<=[>,;&])/);
}

function repeat(text: string, random: Seeded): string {
  const { from, to } = span(text, random);
  const part = text.slice(from, to);
  const times = Math.min(pick(random, [2, 3, 40, 5_000]), Math.floor(addedMax / Math.max(1, part.length)));
  return into(text, to, part.repeat(times));
}

function withPieces(text: string, random: Seeded, change: (all: string[], at: number) => void): string {
  const all = pieces(text);
  change(all, below(random, all.length));
  return all.join('');
}

function replaceMatch(text: string, pattern: RegExp, random: Seeded, by: string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const one = pick(random, found);
  return text.slice(0, one.index) + by + text.slice(one.index + one[0].length);
}

const mutations: readonly Mutation[] = [
  (text, random) => into(text, below(random, text.length + 1), pick(random, characters)),
  (text, random, { words }) => into(text, below(random, text.length + 1), pick(random, words)),
  (text, random) => {
    const { from, to } = span(text, random);
    return text.slice(0, from) + text.slice(to);
  },
  repeat,
  (text, random) => text.slice(0, below(random, text.length + 1)),
  (text, random) => replaceMatch(text, /-?\d+/g, random, pick(random, numbers)),
  (text, random, { words }) => replaceMatch(text, /[\w-]+/g, random, pick(random, words)),
  (text, random, { samples }) => {
    const other = pick(random, samples);
    const { from, to } = span(other, random);
    return into(text, below(random, text.length + 1), other.slice(from, to));
  },
  (text, random) => withPieces(text, random, (all, at) => void all.splice(at, 1)),
  (text, random) => withPieces(text, random, (all, at) => void all.splice(at, 0, pick(random, all))),
  (text, random) => withPieces(text, random, (all, at) => void all.push(...all.splice(at, 1))),
  (text, random, { samples }) =>
    withPieces(text, random, (all, at) => void all.splice(at, 0, pick(random, pieces(pick(random, samples))))),
  (text, random) => {
    const { from, to } = span(text, random);
    const part = text.slice(from, to);
    return (
      text.slice(0, from) + (part === part.toUpperCase() ? part.toLowerCase() : part.toUpperCase()) + text.slice(to)
    );
  },
];

/** One to eight mutations of `text`. */
export function mutated(text: string, random: Seeded, vocabulary: Vocabulary): string {
  let now = text;
  for (let left = 1 + below(random, 8); left > 0; left -= 1) {
    now = pick(random, mutations)(now, random, vocabulary).slice(0, inputMax);
  }
  return now;
}
