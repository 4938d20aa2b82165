/** One operator's command: its arguments and options are the question to the running process, whose answer it prints. */
import { Command } from 'commander';
import type { OpsCall } from '../../services/control-socket.ts';
import type { OpsAction } from '../../services/ops.service.ts';
import { withOperator } from './operator.ts';
import { print } from './print.ts';
import { settingsOf } from './settings.ts';

/** What was typed: arguments and options by their names, without `--json`; what was left out is not there. */
export type Given = Readonly<Record<string, unknown>>;

/** Told to a person who waits, and to nobody where JSON is asked for. */
export type Progress = (line: string) => void;

export const tell: Progress = (line) => void process.stderr.write(`${line}\n`);
const silence: Progress = () => undefined;

interface Asks {
  readonly action: OpsAction;
  /** The action's parameters; the same names as on the command line where it is left out. */
  readonly params: (given: Given) => object;
  /** Calls the action, more than once where that lets a person see how far it is; once where it is left out. */
  readonly call?: (call: OpsCall, params: object, progress: Progress) => Promise<unknown>;
  /** The columns of rows, in order; all where it is left out. */
  readonly columns?: readonly string[];
  /** The exit status, where an answer may be bad news; 0 where it is left out. */
  readonly status?: (answer: unknown, given: Given) => number;
}

/** Knows what it asks: docs/operators.md is made from it. */
export class OpsCommand extends Command {
  readonly asks: Asks;

  /** `usage`: the name, then its arguments. */
  constructor(usage: string, description: string, asks: Partial<Asks> & Pick<Asks, 'action'>) {
    const [name, ...args] = usage.split(' ');
    super(name);
    this.asks = { params: (given) => given, ...asks };
    this.description(description).option('--json', 'print JSON').action(this.#ask);
    for (const one of args) this.argument(one);
  }

  #ask = async (): Promise<void> => {
    // The options of the commands above it too: --json may be written before the last word.
    const { json = false, ...options } = this.optsWithGlobals<{ json?: boolean }>();
    const args = this.registeredArguments.map((one, index) => [one.name(), this.processedArgs[index]]);
    const given: Given = { ...options, ...Object.fromEntries(args) };
    const { action, params, columns, status, call: ask } = this.asks;
    const answer = await withOperator(settingsOf(), (call) =>
      ask === undefined ? call(`ops.${action}`, params(given)) : ask(call, params(given), json ? silence : tell),
    );
    print(answer, json, columns);
    process.exitCode = status?.(answer, given) ?? 0;
  };
}
