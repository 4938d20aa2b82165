/** Moleculer's console on today's Node, for people at a terminal and for scripts that pipe their commands in. */
import nodeRepl, { type ReplOptions, type REPLServer } from 'node:repl';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ServiceBroker } from 'moleculer';

type Evaluate = (
  this: { context: object },
  line: string,
  context: object,
  file: string,
  done: () => void,
) => Promise<void>;

/**
 * moleculer-repl 0.8 looks for the broker in `this.context`, which Node gives its evaluation no longer; and it ends the
 * process at the end of its input, whether or not the last command has answered. Both are put right around its start.
 */
export function startConsole(broker: ServiceBroker): REPLServer {
  const { start } = nodeRepl;
  let evaluated = 0;
  const patched = (options: ReplOptions): REPLServer => {
    const evaluate = options.eval as unknown as Evaluate;
    return start({
      ...options,
      ...(process.stdin.isTTY ? {} : { input: oneByOne(() => evaluated), output: process.stdout }),
      eval: (line, context, file, done) => {
        void evaluate.call({ context }, line, context, file, () => {
          evaluated += 1;
          // With a second argument Node would print it, even undefined.
          (done as (error: null) => void)(null);
        });
      },
    });
  };
  Object.assign(nodeRepl, { start: patched });
  try {
    // Its types say that it answers nothing; it answers the console.
    return broker.repl() as unknown as REPLServer;
  } finally {
    Object.assign(nodeRepl, { start });
  }
}

/** A line is given out when those before it were evaluated, and the end when all were. */
function oneByOne(evaluated: () => number): Readable {
  return Readable.from(
    (async function* lines() {
      let given = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() === '') continue;
        yield `${line}\n`;
        // Commands of Node's own, such as .exit, are not evaluated.
        if (!line.trimStart().startsWith('.')) given += 1;
        while (evaluated() < given) await new Promise((resolve) => void setImmediate(resolve));
      }
    })(),
  );
}
