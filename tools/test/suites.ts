/** Runs the suites of the working directory, ends with the count alone on the last line, and answers the exit status. */
import { startVitest } from 'vitest/node';
import { underCi } from '../setup/ci.ts';
import { verdictOf } from './verdict.ts';

/** `filters`: parts of the paths of test files; none for all of them. */
export async function runSuites(filters: readonly string[]): Promise<number> {
  const vitest = await startVitest('test', [...filters], { watch: false, run: true });
  const files = vitest.state.getTestModules().map((file) => ({
    path: file.relativeModuleId,
    ok: file.ok(),
    tests: [...file.children.allTests()].map((test) => {
      const result = test.result();
      return {
        name: test.fullName,
        state: result.state,
        note: result.state === 'skipped' ? result.note : undefined,
      };
    }),
  }));
  const unhandled = vitest.state.getUnhandledErrors().length;
  // What looks around at the end of the run speaks by the exit code alone.
  await vitest.close();
  const { remarks, lastLine, exitStatus } = verdictOf({
    files,
    unhandled,
    exitCode: Number(process.exitCode ?? 0),
    underCi: underCi(),
  });
  for (const remark of remarks) process.stderr.write(`${remark}\n`);
  process.stdout.write(`${lastLine}\n`);
  return exitStatus;
}
