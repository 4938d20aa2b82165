/** The model server answers as real servers do; where they differ, each difference is named here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { usable, type CalDavServer } from '../support/caldav-server.ts';
import { startCyrus } from '../support/cyrus.ts';
import { startRadicale } from '../support/radicale.ts';
import { startXandikos } from '../support/xandikos.ts';
import { runSequences, type Reduced } from './sequences.ts';

/** Step → what this server answers instead of what the model answers. */
type Differences = Readonly<Record<string, Partial<Omit<Reduced, 'step'>>>>;

/** The collection has an etag of its own on all of them; a missing resource, and a lost update, 404 and 412. */
const radicaleDifferences: Differences = {
  'make the calendar again': { status: 409 },
  'update the right version': { status: 201 },
  delete: { status: 200 },
  // Its first sync also names what was removed before: the fault `initial_tells_removals` of the model.
  'first sync': { rows: ['./a.ics 404', './b.ics props with-etag'] },
};

const xandikosDifferences: Differences = {
  'make the calendar again': { status: 207, rows: ['MANGLED sequences/ 403'] },
  'another resource with a known UID': { status: 207, rows: ['MANGLED sequences/c.ics 412'] },
  'look at a calendar that is not there': { status: 207, rows: ['MANGLED nowhere/ 404'] },
  'a malformed token': { status: 500 },
  'create where there is no calendar': { status: 404 },
  'a wrong password': { status: 207, rows: ['./ props with-etag'] },
};

const cyrusDifferences: Differences = {
  'another resource with a known UID': { status: 403 },
  'create where there is no calendar': { status: 403 },
};

const model = await startModelServer();
afterAll(() => model.stop());

const suites: readonly (readonly [string, () => ReturnType<typeof startCyrus>, Differences])[] = [
  ['Radicale', startRadicale, radicaleDifferences],
  ['Xandikos', startXandikos, xandikosDifferences],
  ['Cyrus', startCyrus, cyrusDifferences],
];

for (const [name, start, differences] of suites) {
  const server: CalDavServer | null = usable(name, await start());
  describe.skipIf(server === null)(`the model server beside ${name}`, () => {
    let real: readonly Reduced[] = [];
    let modelled: readonly Reduced[] = [];
    beforeAll(async () => {
      if (server === null) return;
      real = (await runSequences(server)).map(withoutMangledHrefs);
      modelled = await runSequences(model, `Beside ${name}`);
    });
    afterAll(() => server?.stop());

    test('answers every step of the sequences alike, but for the named differences', () => {
      expect(real).toEqual(modelled.map((step) => Object.assign({}, step, differences[step.step])));
    });

    test('differs in every step that is named as different', () => {
      for (const [step, difference] of Object.entries(differences)) {
        expect(modelled.find((answer) => answer.step === step)).not.toMatchObject(difference);
      }
    });
  });
}

/** Xandikos answers errors with the whole URL escaped as if it were a path. */
function withoutMangledHrefs(answer: Reduced): Reduced {
  const rows = answer.rows.map((row) => row.replace(/^http%3A\/\/\S*\/user\/calendars\//, 'MANGLED '));
  return { ...answer, rows };
}
