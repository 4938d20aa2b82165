/** What the reader of the demo sees: numbered steps, real requests with their answers and timings, and what was verified. */

const coloured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** Terminals are at least this wide, with what stands before each line. */
const width = 100;
/** Of an answer in one piece: enough for the first rows of a list. */
const answerLines = 3;
/** Of what a command lays out for people: its own line breaks are kept. */
const pageLines = 40;

export interface Narrator {
  /** Begins a step; ends the demo when nothing was verified in the one before. */
  step(title: string): void;
  tell(text: string): void;
  /** A request as it is made, its answer when it is there, and how long that took. */
  exchange<T>(request: string, ask: () => Promise<T>, shown: (answer: T) => string): Promise<T>;
  /** Rewrites one line on a terminal; elsewhere prints a line when the text has changed. */
  progress(text: string, done?: boolean): void;
  /** Ends the demo with this reason when it is not so. */
  verify(what: string, holds: boolean, seen?: unknown): void;
  /** Ends the last step; how many things were verified. */
  end(): number;
}

export class DemoFailed extends Error {}

interface Paper {
  readonly write: (text: string) => void;
  /** Whether lines can be painted, and rewritten. */
  readonly terminal: boolean;
}

const standardOutput: Paper = { write: (text) => void process.stdout.write(text), terminal: coloured };

export function createNarrator({ write, terminal }: Paper = standardOutput): Narrator {
  const paint = (code: number, text: string): string => (terminal ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text = ''): void => write(`${text}\n`);
  let steps = 0;
  let verified = 0;
  let verifiedBefore = 0;
  let last = '';
  const endStep = (): void => {
    if (steps > 0 && verified === verifiedBefore) throw new DemoFailed(`nothing was verified in step ${steps}`);
    verifiedBefore = verified;
  };
  return {
    step: (title) => {
      endStep();
      steps += 1;
      line();
      line(paint(1, `${steps}. ${title}`));
    },
    tell: (text) => line(indented('', text)),
    exchange: async (request, ask, shown) => {
      line(paint(36, indented('→ ', request)));
      const startedAt = performance.now();
      const answer = await ask();
      const tookMs = performance.now() - startedAt;
      line(`${indented('← ', shown(answer))} ${paint(2, `(${tookMs.toFixed(0)} ms)`)}`);
      return answer;
    },
    progress: (text, done = false) => {
      if (text === last && !done) return;
      last = text;
      if (terminal) write(`\r\u001b[2K   ${text}${done ? '\n' : ''}`);
      else line(`   ${text}`);
    },
    verify: (what, holds, seen) => {
      if (!holds) throw new DemoFailed(`not so: ${what}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen)}`}`);
      verified += 1;
      line(paint(32, `   ✓ ${what}`));
    },
    end: () => {
      endStep();
      return verified;
    },
  };
}

function indented(mark: string, text: string): string {
  const indent = '   ';
  const [first = '', ...rest] = linesOf(text.trim());
  return [`${indent}${mark}${first}`, ...rest.map((one) => `${indent}${' '.repeat(mark.length)}${one}`)].join('\n');
}

/** A text in one piece is broken where a line is full; one with lines of its own keeps them. Both end with … where cut. */
function linesOf(text: string): readonly string[] {
  const laidOut = text.includes('\n');
  const lines = laidOut ? text.split('\n').map((one) => cut(one.trimEnd())) : broken(text);
  const most = laidOut ? pageLines : answerLines;
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), cut(`${lines[most - 1] ?? ''}…`)];
}

/** Where there is a space or a comma in the last third of a line, it is broken there. */
const full = new RegExp(`.{1,${width}}$|.{${Math.ceil((width * 2) / 3)},${width}}(?<=[ ,])|.{1,${width}}`, 'g');
const broken = (text: string): readonly string[] => text.match(full) ?? [''];

const cut = (text: string): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
