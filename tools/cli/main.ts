/** The command line: start, connect, config, ops and repl. Results on standard output, everything else on standard error. */
import { Command, CommanderError } from 'commander';
import { isKalendsError } from '../../domain/errors.ts';
import { configCommand } from './config-command.ts';
import { connectCommand } from './connect-command.ts';
import { nextStep } from './next-steps.ts';
import { opsCommand } from './ops-commands.ts';
import { replCommand } from './repl-command.ts';
import { startCommand } from './start-command.ts';

const program = new Command('kalends')
  .description('Kalends: a self-hosted calendar synchronisation and scheduling service')
  .showHelpAfterError('(kalends --help lists the commands)')
  .addCommand(startCommand())
  .addCommand(connectCommand())
  .addCommand(configCommand())
  .addCommand(opsCommand())
  .addCommand(replCommand())
  .exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** What happened, to what, and what to do next; the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (isKalendsError(error)) {
    const where = Object.entries(error.ids).map(([name, id]) => `${name} ${id}`);
    const evidence = error.evidence?.request === undefined ? [] : [`asked: ${error.evidence.request}`];
    const next = nextStep(error.code);
    const told = next === null ? error.message : `${error.message}; ${next}`;
    process.stderr.write(`kalends: ${told} [${[error.code, ...where, ...evidence].join('; ')}]\n`);
    return 1;
  }
  process.stderr.write(`kalends: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
