/** What the reader of the demo sees: numbered steps, real requests with their answers and timings, and what was verified. */

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

const line = (text = ''): void => void process.stdout.write(`${text}\n`);

/** Terminals are at least this wide; an answer is cut here. */
const width = 100;

export interface Narrator {
  step(title: string): void;
  tell(text: string): void;
  /** A request and its answer as they went over the wire, shortened to fit. */
  exchange(request: string, answer: string, tookMs: number): void;
  /** Rewrites one line on a terminal; elsewhere prints a line when the text has changed. */
  progress(text: string, done?: boolean): void;
  /** Ends the demo with this reason when it is not so. */
  verify(what: string, holds: boolean, seen?: unknown): void;
  readonly verified: number;
}

export class DemoFailed extends Error {}

export function createNarrator(): Narrator {
  let steps = 0;
  let verified = 0;
  let last = '';
  return {
    step: (title) => {
      steps += 1;
      line();
      line(paint(1, `${steps}. ${title}`));
    },
    tell: (text) => line(`   ${text}`),
    exchange: (request, answer, tookMs) => {
      line(paint(36, `   → ${cut(request)}`));
      line(`   ← ${cut(answer)} ${paint(2, `(${tookMs.toFixed(0)} ms)`)}`);
    },
    progress: (text, done = false) => {
      if (text === last && !done) return;
      last = text;
      if (colour) process.stdout.write(`\r\u001b[2K   ${text}${done ? '\n' : ''}`);
      else line(`   ${text}`);
    },
    verify: (what, holds, seen) => {
      if (!holds)
        throw new DemoFailed(`not so: ${what}${seen === undefined ? '' : `; seen: ${cut(JSON.stringify(seen))}`}`);
      verified += 1;
      line(paint(32, `   ✓ ${what}`));
    },
    get verified() {
      return verified;
    },
  };
}

function cut(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > width ? `${flat.slice(0, width - 1)}…` : flat;
}
