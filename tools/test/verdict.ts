/** How a run of the suites ends: the count that stands in its last line, its exit status, and what has to be said before. */

/** A test that was skipped with such a note asks for a machine of its own kind: nothing is missing. */
export const onlyWhere = 'only where ';

export interface EndedTest {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  /** Why it was skipped, where it said so. */
  readonly note?: string | undefined;
}

export interface EndedFile {
  readonly path: string;
  /** False also where it could not be loaded, or a hook failed. */
  readonly ok: boolean;
  readonly tests: readonly EndedTest[];
}

export interface EndedRun {
  readonly files: readonly EndedFile[];
  /** Errors that belong to no test. */
  readonly unhandled: number;
  /** Not 0 where something around the tests failed the run, e.g. a secret in a log, or that nothing was found to run. */
  readonly exitCode: number;
  /** Nobody reads what was skipped there: it fails. */
  readonly underCi: boolean;
}

export interface Verdict {
  /** For people, before the last line. */
  readonly remarks: readonly string[];
  /** `N passed, N failed`, and `, N skipped` where there were any. */
  readonly lastLine: string;
  readonly exitStatus: 0 | 1;
}

export function verdictOf({ files, unhandled, exitCode, underCi }: EndedRun): Verdict {
  const named = files.flatMap(({ path, tests }) => tests.map((one) => ({ ...one, name: `${path} > ${one.name}` })));
  const left = named.filter(({ state }) => state === 'skipped' || state === 'pending');
  const unexplained = underCi ? left.filter(({ note }) => note?.startsWith(onlyWhere) !== true) : [];
  // A file that cannot be loaded has no tests to fail.
  const broken = files.filter(({ ok, tests }) => !ok && tests.every(({ state }) => state !== 'failed'));
  const seen = count(named, 'failed') + unexplained.length + broken.length + unhandled;
  const failed = seen === 0 && exitCode !== 0 ? 1 : seen;
  const passed = count(named, 'passed');
  const skipped = left.length - unexplained.length;
  return {
    remarks: [
      ...(files.length === 0 ? ['no test file was found'] : []),
      ...broken.map(({ path }) => `${path} failed outside its tests`),
      ...unexplained.map(({ name, note }) => `skipped, which is a failure under CI: ${name}${because(note)}`),
      ...left.filter((one) => !unexplained.includes(one)).map(({ name, note }) => `skipped: ${name}${because(note)}`),
    ],
    lastLine: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
    exitStatus: failed > 0 || passed === 0 ? 1 : 0,
  };
}

const count = (tests: readonly EndedTest[], wanted: EndedTest['state']): number =>
  tests.filter(({ state }) => state === wanted).length;

const because = (note: string | undefined): string => (note === undefined ? '' : ` (${note})`);
