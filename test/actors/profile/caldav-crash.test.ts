/** Writes over CalDAV, with servers that make it hard to tell what was done, cut at every passage. */
import { describe, expect, test } from 'vitest';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import type { Cut } from './gate.ts';
import { play, playEach, type MakeSide } from './playing.ts';
import { hour } from './rig.ts';
import { scenarios } from './scenarios.ts';
import { modelSide } from './worlds.ts';

const stepMs = 2 * hour;

const troubles: readonly (readonly FaultName[])[] = [
  [],
  ['put_rewrites_body'],
  ['put_without_etag', 'weak_etags'],
  ['preconditions_ignored', 'delete_404'],
  ['multiget_stops_at_missing', 'pages_507'],
];

const withFaults =
  (faults: readonly FaultName[]): MakeSide =>
  (clock, random) => {
    const side = modelSide(clock, random);
    for (const name of faults) side.server.faults.set(name, { always: true });
    return side;
  };

const writing = scenarios.filter(({ name }) =>
  ['a write, a patch', 'a removal and a new life', 'a person removes', 'a bulk removal'].some((start) =>
    name.startsWith(start),
  ),
);

describe.each(troubles.map((faults) => ({ name: faults.join(', ') || 'nothing wrong', faults })))(
  '$name',
  ({ faults }) => {
    test.each(writing)('$name', { timeout: 240_000 }, async (scenario) => {
      const side = withFaults(faults);
      const { passages, ...whole } = await play(scenario, [], stepMs, side);
      const cuts = passages.flatMap((name, index): Cut[][] => {
        const at = index + 1;
        return name.startsWith('provider ')
          ? [[{ at, how: 'crash' }], [{ at, how: 'answer_lost' }]]
          : [[{ at, how: 'crash' }]];
      });
      const wrong = await playEach(
        scenario,
        cuts,
        stepMs,
        ({ passages: _passages, ...told }) => expect(told).toEqual(whole),
        side,
      );
      expect(wrong).toBe('');
    });
  },
);
