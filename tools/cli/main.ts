/** The command line: results on standard output, everything else on standard error. */
import { CommanderError } from 'commander';
import { isKalendsError, KalendsError, toKalendsError } from '../../domain/errors.ts';
import { nextStep } from './next-steps.ts';
import { program } from './program.ts';

const asJson = process.argv.includes('--json');

try {
  await program(asJson).parseAsync();
} catch (error) {
  const isUsage = error instanceof CommanderError;
  process.exitCode = isUsage ? error.exitCode : 1;
  // In words the library has told it already; help and the version are no complaints.
  if (!isUsage) process.stderr.write(`${complaint(error)}\n`);
  else if (asJson && error.exitCode !== 0) process.stderr.write(`${complaint(misused(error))}\n`);
}

function misused({ code, message }: CommanderError): KalendsError {
  const what = code === 'commander.help' ? 'no command was given' : message.replace('error: ', '');
  return new KalendsError('invalid_input', what, {
    next: '`kalends --help` lists the commands, and `--help` behind one says what it takes',
  });
}

/** What happened, to what, and what to do next. */
function complaint(error: unknown): string {
  if (isKalendsError(error)) return asJson ? JSON.stringify({ error: rowOf(error) }) : sentenceOf(error);
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return asJson
    ? JSON.stringify({ error: { ...rowOf(toKalendsError(error)), stack } })
    : `kalends: ${stack ?? message}`;
}

function sentenceOf(error: KalendsError): string {
  const where = Object.entries(error.ids).map(([name, id]) => `${name} ${id}`);
  const evidence = error.evidence?.request === undefined ? [] : [`asked: ${error.evidence.request}`];
  const next = nextStep(error);
  const told = next === null ? error.message : `${error.message}; ${next}`;
  return `kalends: ${told} [${[error.code, ...where, ...evidence].join('; ')}]`;
}

function rowOf(error: KalendsError): object {
  // Several problems stand on lines of their own where people read them.
  const [first = '', ...more] = error.message.trim().split(/\n\s*/);
  return {
    code: error.code,
    message: more.length === 0 ? first : `${first} ${more.join('; ')}`,
    next: nextStep(error),
    ids: error.ids,
    asked: error.evidence?.request ?? null,
  };
}
