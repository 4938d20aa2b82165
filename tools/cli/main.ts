/** The command line: results on standard output, everything else on standard error. */
import { CommanderError } from 'commander';
import { isKalendsError, type KalendsError } from '../../domain/errors.ts';
import { nextStep } from './next-steps.ts';
import { program } from './program.ts';

const asJson = process.argv.includes('--json');

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
  if (!(error instanceof CommanderError)) process.stderr.write(`${complaint(error)}\n`);
}

/** What happened, to what, and what to do next. */
function complaint(error: unknown): string {
  if (isKalendsError(error)) return asJson ? JSON.stringify({ error: rowOf(error) }) : sentenceOf(error);
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return asJson ? JSON.stringify({ error: { code: 'internal', message, stack } }) : `kalends: ${stack ?? message}`;
}

function sentenceOf(error: KalendsError): string {
  const where = Object.entries(error.ids).map(([name, id]) => `${name} ${id}`);
  const evidence = error.evidence?.request === undefined ? [] : [`asked: ${error.evidence.request}`];
  const next = nextStep(error);
  const told = next === null ? error.message : `${error.message}; ${next}`;
  return `kalends: ${told} [${[error.code, ...where, ...evidence].join('; ')}]`;
}

function rowOf(error: KalendsError): object {
  return {
    code: error.code,
    message: error.message.trim(),
    next: nextStep(error),
    ids: error.ids,
    asked: error.evidence?.request ?? null,
  };
}
